//! One worker process, seen from the parent.

use std::io::{self, BufReader, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::Request;
use super::fd_loss;
use super::frame::{self, FrameReader};
use super::output_file::OutputFile;
use super::protocol::{Call, Reply};
use super::replies::{Replies, SharedChild};
use super::run_end::{Limit, RunEnd};
use crate::args::INTERRUPTED;
use crate::process::worker;

/// Time limit of a worker from the end of the run to its own: it may have to tear down, and to write coverage.
pub(super) const EXIT_LIMIT: Duration = Duration::from_secs(10);

/// Time limit of a worker for the description of a trial, the same as within one process.
const DESCRIPTION_LIMIT: Duration = Duration::from_secs(2);

/// A worker process.
pub(super) struct Process {
    child: SharedChild,
    link: Arc<UnixStream>,
    replies: FrameReader<BufReader<Replies>>,
    output: Option<OutputFile>,
    has_run: bool,
    /// How many trials the process was asked for.
    requested: u64,
}

impl Process {
    /// Starts a worker for the run of this number.
    ///
    /// Its output goes to a file, unless `passes_output`.
    pub(super) fn start(run: u32, passes_output: bool) -> io::Result<Self> {
        let (link, theirs) = UnixStream::pair()?;
        let output = (!passes_output).then(OutputFile::create).transpose()?;
        let mut command = Command::new(this_program()?);
        command
            .args(std::env::args_os().skip(1))
            .env(worker::VARIABLE, worker::variable(run))
            .stdin(Stdio::from(OwnedFd::from(theirs)));
        if let Some(output) = &output {
            command.stdout(output.writer()?).stderr(output.writer()?);
        }
        let child = command.spawn()?;
        drop(command);
        Ok(Self::new(child, link, output))
    }

    pub(super) fn new(child: Child, link: UnixStream, output: Option<OutputFile>) -> Self {
        let (child, link) = (Arc::new(Mutex::new(child)), Arc::new(link));
        Self {
            replies: FrameReader::new(BufReader::new(Replies::new(link.clone(), child.clone()))),
            child,
            link,
            output,
            has_run: false,
            requested: 0,
        }
    }

    pub(super) fn link(&self) -> &Arc<UnixStream> {
        &self.link
    }

    /// Says whether a trial has come to its end in this process.
    pub(super) fn has_run(&self) -> bool {
        self.has_run
    }

    /// Waits until the worker is ready, and discards what it printed until then.
    pub(super) fn await_ready(&mut self) -> Result<(), NotReady> {
        match self.receive(None) {
            Ok(Reply::Ready { .. }) => Ok(()),
            Ok(Reply::SetupFailed) => Err(NotReady::SetupFailed),
            Ok(_) | Err(_) => Err(NotReady::Gone),
        }
    }

    /// Asks for trials. If the worker has gone, the next [`receive`](Self::receive) fails.
    pub(super) fn request<'a>(&mut self, requests: impl IntoIterator<Item = &'a Request>) {
        let mut frames = Vec::new();
        for request in requests {
            self.requested += 1;
            frame::frame(&mut frames, |frame| Call::encode_run(request, frame));
        }
        let _ = (&*self.link).write_all(&frames);
    }

    /// Returns how many trials were asked for after the first `received`.
    pub(super) fn requested_since(&self, received: u64) -> usize {
        self.requested.saturating_sub(received) as usize
    }

    /// Says whether something has arrived that [`receive`](Self::receive) has not returned.
    pub(super) fn has_buffered_reply(&self) -> bool {
        !self.replies.get_ref().buffer().is_empty()
    }

    /// Returns the next reply of the worker. An error says that it is gone, or that the deadline has passed. After that a
    /// later call goes on within a reply of which a part has come.
    pub(super) fn receive(&mut self, deadline: Option<Instant>) -> io::Result<Reply> {
        self.replies.get_mut().get_mut().deadline = deadline;
        let reply = Reply::decode(&self.replies.receive()?)?;
        let start = match &reply {
            Reply::Ready { start } => *start,
            Reply::Ended { start, .. } => {
                self.has_run = true;
                *start
            }
            _ => return Ok(reply),
        };
        if let Some(output) = &mut self.output {
            output.start = start;
        }
        Ok(reply)
    }

    /// Asks the worker to print what the trial is doing, whose time is over, and waits for that for [`DESCRIPTION_LIMIT`].
    /// Returns what the trial printed if it ends meanwhile.
    pub(super) fn describe(&mut self) -> Vec<u8> {
        let _ = frame::send(&mut &*self.link, Call::encode_describe);
        let deadline = Instant::now() + DESCRIPTION_LIMIT;
        let mut output = Vec::new();
        loop {
            match self.receive(Some(deadline)) {
                Ok(Reply::Ended { ended, .. }) => output = ended.output,
                Ok(Reply::Described) | Err(_) => return output,
                // This answers an earlier call, and is ignored.
                Ok(_) => {}
            }
        }
    }

    /// Returns what the worker printed and did not send any more.
    pub(super) fn take_output(&mut self) -> io::Result<Vec<u8>> {
        self.output
            .as_mut()
            .map_or(Ok(Vec::new()), OutputFile::take)
    }

    /// Waits for the end of a worker that is gone, and says how it ended.
    pub(super) fn exit_reason(&mut self, run_end: &RunEnd) -> String {
        match self.end(run_end) {
            Ok(End::Exited(status)) => describe(status),
            Ok(End::Killed(_)) => fd_loss::REASON.to_owned(),
            Err(error) => format!("child process was lost: {error}"),
        }
    }

    /// Ends a worker whose tests are over, where it closes what they shared and tears down.
    ///
    /// # Errors
    ///
    /// Says how it failed there, with what it printed.
    pub(super) fn end_run(mut self, run_end: &RunEnd) -> Result<(), Vec<u8>> {
        let reason = match self.end(run_end) {
            Ok(End::Exited(status)) if is_good(status, run_end) => return Ok(()),
            Ok(End::Exited(status)) => describe(status),
            // The process ignores SIGCHLD, and gets no status of any child.
            Err(error) if error.raw_os_error() == Some(libc::ECHILD) => return Ok(()),
            Ok(End::Killed(patience)) => {
                format!("it was killed, as it had not ended after {patience:?}")
            }
            Err(error) => format!("child process was lost: {error}"),
        };
        let text = format!("error: a worker process failed after its tests: {reason}\n");
        let output = self.take_output().unwrap_or_default();
        Err([text.into_bytes(), output].concat())
    }

    /// Kills a worker.
    pub(super) fn kill(self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Ends the worker. The end of the run may shorten its time meanwhile.
    fn end(&mut self, run_end: &RunEnd) -> io::Result<End> {
        let _ = self.link.shutdown(Shutdown::Both);
        let own = Limit::new(EXIT_LIMIT);
        let mut pause = Duration::from_millis(1);
        loop {
            // Others may want to kill it meanwhile.
            let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(status) = child.try_wait()? {
                return Ok(End::Exited(status));
            }
            let Limit { patience, deadline } = run_end.limit().unwrap_or(own);
            if Instant::now() >= deadline {
                child.kill()?;
                child.wait()?;
                return Ok(End::Killed(patience));
            }
            drop(child);
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }
}

/// Why a worker cannot be asked for anything.
pub(super) enum NotReady {
    /// The worker has reported a failed set-up.
    SetupFailed,
    /// The worker has ended, or has broken the protocol.
    Gone,
}

/// How a worker ended.
enum End {
    Exited(ExitStatus),
    /// It did not end by itself in this time.
    Killed(Duration),
}

/// Says whether a worker has ended well: Ctrl-C, which reaches workers too, ends the run and has a status of its own.
fn is_good(status: ExitStatus, run_end: &RunEnd) -> bool {
    status.success() || run_end.limit().is_some() && status.code() == Some(INTERRUPTED)
}

/// Returns what to start this program again with: its path, unless that has been removed since, or
/// leads to another build of it.
fn this_program() -> io::Result<PathBuf> {
    let path = std::env::current_exe()?;
    let itself = Path::new("/proc/self/exe");
    let file = |path: &Path| {
        let metadata = path.metadata().ok()?;
        Some((metadata.dev(), metadata.ino()))
    };
    match file(itself) {
        Some(known) if file(&path) != Some(known) => Ok(itself.to_owned()),
        _ => Ok(path),
    }
}

/// Says how a process ended, in libtest's words.
fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(fd_loss::EXIT_CODE), _) => fd_loss::REASON.to_owned(),
        (Some(code), _) => format!("got unexpected return code {code}"),
        (None, Some(signal)) => format!("child process exited with signal {signal}"),
        (None, None) => "unknown return code".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::replies::is_timeout;
    use super::*;
    use crate::event::Outcome;
    use crate::job::Ended;

    /// The time of a trial is over while the process sends its end.
    #[test]
    fn a_reply_that_comes_in_two_parts_is_read_though_a_deadline_passes_between_them() {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let mut process = Process::new(child, ours, None);
        let ended = Ended {
            output: b"printed".to_vec(),
            ..Ended::without_output(Outcome::Passed)
        };
        let mut frame = Vec::new();
        let reply = Reply::Ended { ended, start: 0 };
        frame::frame(&mut frame, |frame| reply.encode(frame));
        let (first, second) = frame.split_at(frame.len() / 2);
        theirs.write_all(first).unwrap();
        let deadline = Instant::now() + Duration::from_millis(1);
        assert!(is_timeout(&process.receive(Some(deadline)).unwrap_err()));
        theirs.write_all(second).unwrap();
        frame::send(&mut theirs, |frame| Reply::Described.encode(frame)).unwrap();
        assert_eq!(process.describe(), b"printed");
        process.kill();
    }

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
