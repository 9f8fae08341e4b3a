//! One worker process, seen from the parent.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Request;
use super::VARIABLE;
use super::protocol::{self, Reply};
use crate::outcome::Outcome;

/// A worker gets this long to end by itself, and to write what it has to write (of coverage, for
/// example), when the run is over.
const PATIENCE: Duration = Duration::from_secs(10);

/// A worker process.
pub(super) struct Process {
    child: SharedChild,
    link: UnixStream,
    output: Option<File>,
}

/// The child, where the pool can kill it while a thread waits for its reply.
pub(super) type SharedChild = Arc<Mutex<Child>>;

impl Process {
    /// Starts a worker and waits until it is ready.
    ///
    /// Its output goes to a file, unless `passes_output`.
    pub(super) fn start(passes_output: bool) -> io::Result<Self> {
        let (link, theirs) = UnixStream::pair()?;
        let output = if passes_output {
            None
        } else {
            Some(output_file()?)
        };
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(std::env::args_os().skip(1))
            .env(VARIABLE, process::id().to_string())
            .stdin(Stdio::from(OwnedFd::from(theirs)));
        if let Some(output) = &output {
            command
                .stdout(output.try_clone()?)
                .stderr(output.try_clone()?);
        }
        let child = command.spawn()?;
        drop(command);
        Ok(Self {
            child: Arc::new(Mutex::new(child)),
            link,
            output,
        })
    }

    pub(super) fn child(&self) -> SharedChild {
        self.child.clone()
    }

    /// Waits until the worker is ready, and forgets what it printed until then.
    pub(super) fn await_ready(&mut self) -> io::Result<()> {
        match self.reply()? {
            Reply::Ready => self.take_output().map(drop),
            _ => Err(io::Error::new(
                ErrorKind::InvalidData,
                "the worker is out of step",
            )),
        }
    }

    /// Runs a trial. An error says that the worker is gone.
    pub(super) fn run(
        &mut self,
        request: &Request,
        timeout: Option<Duration>,
    ) -> io::Result<Reply> {
        self.link.set_read_timeout(timeout)?;
        protocol::send(&mut self.link, &request.encode())?;
        self.reply()
    }

    /// Returns what was printed since the last call.
    pub(super) fn take_output(&mut self) -> io::Result<Vec<u8>> {
        let Some(file) = &self.output else {
            return Ok(Vec::new());
        };
        let length = file.metadata()?.len() as usize;
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, 0)?;
        // The file is appended to, so that the next byte comes at its start again.
        file.set_len(0)?;
        Ok(bytes)
    }

    /// Waits for the end of a worker that is gone, and says how it ended.
    pub(super) fn autopsy(self) -> Outcome {
        drop(self.link);
        let status = self
            .child
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .wait();
        match status {
            Ok(status) => Outcome::FailedBecause(describe(status)),
            Err(error) => Outcome::FailedBecause(format!("child process was lost: {error}")),
        }
    }

    /// Kills a worker that has taken longer than it may.
    pub(super) fn kill(self, timeout: Duration) -> Outcome {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
        Outcome::timed_out(timeout)
    }

    /// Ends the worker.
    pub(super) fn end(self) {
        let _ = self.link.shutdown(Shutdown::Both);
        drop(self.link);
        let deadline = Instant::now() + PATIENCE;
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pause = Duration::from_millis(1);
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() >= deadline {
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    fn reply(&mut self) -> io::Result<Reply> {
        Reply::decode(&protocol::receive(&mut self.link)?)
    }
}

/// Says how a process ended, in libtest's words.
fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("got unexpected return code {code}"),
        (None, Some(signal)) => format!("child process exited with signal {signal}"),
        (None, None) => "unknown return code".to_owned(),
    }
}

/// Opens a file without a name, which every writer appends to.
fn output_file() -> io::Result<File> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("libtest-async-{}-{number}", process::id());
    let path = std::env::temp_dir().join(name);
    let file = OpenOptions::new()
        .read(true)
        .append(true)
        .create_new(true)
        .open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_worded_as_libtest_words_them() {
        for (raw, text) in [
            (7 << 8, "got unexpected return code 7"),
            (0, "got unexpected return code 0"),
            (11, "child process exited with signal 11"),
        ] {
            assert_eq!(describe(ExitStatus::from_raw(raw)), text);
        }
    }
}
