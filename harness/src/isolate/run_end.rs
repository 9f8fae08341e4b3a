//! The end of the run, as it reaches a slot of the pool and its worker.
//!
//! | state | event, by whom, on which thread | next |
//! | --- | --- | --- |
//! | no link: the slot's process has no trial, or there is none | [`RunEnd::set`], on the slot's thread: a process starts, or gets a trial | linked |
//! | linked: the slot's thread waits for its process | [`RunEnd::clear`], on the slot's thread: the last trial of the process has ended, or the process is ending | no link |
//! | linked | [`RunEnd::close`], on the thread that ends the run: it shuts the socket down | over |
//! | no link | [`RunEnd::close`], on the thread that ends the run | over |
//! | over: there is a time limit for the ends of all processes | [`RunEnd::set`], on the slot's thread: it shuts that socket down at once | over |
//! | over | [`RunEnd::limit`], on the slot's thread, as it waits for the end of its process | over |
//!
//! A process whose socket is shut down closes what its tests share, and tears down. The slot's thread reads the end of the
//! file, and waits for the process.

use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The socket of the process that a slot waits for, if it waits for one, and the end of the run.
///
/// The end of the run and the start of a process may come at the same time: the later of the two shuts the socket down.
#[derive(Clone, Default)]
pub(super) struct RunEnd(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    link: Option<Arc<UnixStream>>,
    limit: Option<Limit>,
}

/// Time limit for the end of a process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) patience: Duration,
    pub(super) deadline: Instant,
}

impl Limit {
    /// Returns a limit that begins now.
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            patience,
            deadline: Instant::now() + patience,
        }
    }
}

impl RunEnd {
    /// Notes that a process has work to do. If the run is over its socket is shut down at once.
    pub(super) fn set(&self, link: Arc<UnixStream>) {
        let mut state = self.lock();
        if state.limit.is_some() {
            hang_up(&link);
        } else {
            state.link = Some(link);
        }
    }

    /// Notes that there is no such process.
    pub(super) fn clear(&self) {
        self.lock().link = None;
    }

    /// Returns the time limit of all processes, if the run is over.
    pub(super) fn limit(&self) -> Option<Limit> {
        self.lock().limit
    }

    /// Notes that the run is over, and shuts down the socket of the process, and of every later one.
    pub(super) fn close(&self, limit: Limit) {
        let mut state = self.lock();
        state.limit = Some(limit);
        if let Some(link) = state.link.take() {
            hang_up(&link);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hang_up(link: &UnixStream) {
    // The process may have ended.
    let _ = link.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};

    use super::*;

    fn pair() -> (Arc<UnixStream>, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        (Arc::new(ours), theirs)
    }

    #[test]
    fn a_process_is_told_of_the_end_whether_it_starts_before_or_after_that() {
        let ((before, mut first), (after, mut second)) = (pair(), pair());
        let run_end = RunEnd::default();
        run_end.set(before.clone());
        run_end.close(Limit::new(Duration::ZERO));
        run_end.set(after.clone());
        assert_eq!(first.read(&mut [0]).unwrap(), 0);
        assert_eq!(second.read(&mut [0]).unwrap(), 0);
    }

    #[test]
    fn a_process_that_has_nothing_to_do_is_left_alone() {
        let (idle, mut theirs) = pair();
        let run_end = RunEnd::default();
        run_end.set(idle.clone());
        run_end.clear();
        run_end.close(Limit::new(Duration::ZERO));
        let error = theirs.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
}
