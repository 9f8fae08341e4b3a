//! Reads the replies of a worker, in the parent.

use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The process, which the pool can kill while a thread waits for its reply.
pub(super) type SharedChild = Arc<Mutex<Child>>;

/// How often the parent checks that a worker which sends nothing still exists.
const TICK: Duration = Duration::from_millis(200);

/// Reads from a worker until it closes the socket, or ends: a process that it has forked may keep the
/// socket open.
pub(super) struct Replies {
    link: Arc<UnixStream>,
    child: SharedChild,
    /// The time at which reading fails.
    pub(super) deadline: Option<Instant>,
    timeout: Option<Duration>,
}

impl Replies {
    pub(super) fn new(link: Arc<UnixStream>, child: SharedChild) -> Self {
        Self {
            link,
            child,
            deadline: None,
            timeout: None,
        }
    }

    fn set_timeout(&mut self) -> io::Result<()> {
        let rest = self.deadline.map_or(TICK, |deadline| {
            // A duration of zero is refused.
            deadline
                .saturating_duration_since(Instant::now())
                .clamp(Duration::from_micros(1), TICK)
        });
        if self.timeout != Some(rest) {
            self.link.set_read_timeout(Some(rest))?;
            self.timeout = Some(rest);
        }
        Ok(())
    }

    fn has_ended(&self) -> bool {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        !matches!(child.try_wait(), Ok(None))
    }

    /// Reads what a worker that has ended had sent before.
    fn read_rest(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.link.set_nonblocking(true)?;
        match (&*self.link).read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            read => read,
        }
    }
}

impl Read for Replies {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.set_timeout()?;
            match (&*self.link).read(buffer) {
                Err(error) if is_timeout(&error) => {}
                read => return read,
            }
            if self
                .deadline
                .is_some_and(|deadline| deadline <= Instant::now())
            {
                return Err(ErrorKind::TimedOut.into());
            }
            if self.has_ended() {
                return self.read_rest(buffer);
            }
        }
    }
}

/// Says whether a socket gave up waiting.
pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::Command;

    use super::*;

    fn replies_of(program: &str) -> (Replies, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let child = Command::new(program).arg("60").spawn().unwrap();
        (
            Replies::new(Arc::new(ours), Arc::new(Mutex::new(child))),
            theirs,
        )
    }

    #[test]
    fn the_end_of_a_process_is_noticed_though_its_socket_is_open() {
        let (mut replies, mut theirs) = replies_of("true");
        theirs.write_all(b"last words").unwrap();
        let mut text = String::new();
        replies.read_to_string(&mut text).unwrap();
        assert_eq!(text, "last words");
    }

    #[test]
    fn a_deadline_ends_the_wait_for_a_process_that_is_there() {
        let (mut replies, _theirs) = replies_of("sleep");
        replies.deadline = Some(Instant::now() + Duration::from_millis(300));
        let error = replies.read(&mut [0]).unwrap_err();
        assert!(is_timeout(&error));
        let mut child = replies.child.lock().unwrap();
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
