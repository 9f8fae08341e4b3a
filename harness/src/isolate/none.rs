//! `--isolate` on systems other than Unix: it is refused.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::Submission;
use crate::args::Arguments;
use crate::trial::Trial;

/// Does nothing here. On Unix it ends a worker after its parent.
pub fn watch_parent() {}

/// Does nothing here, as no process is a worker.
pub fn setup_failed() {}

/// The kind of a call of `run`.
pub(crate) enum RunKind {
    Run(Option<u32>),
    #[expect(dead_code, reason = "there are no workers")]
    Serve,
    #[expect(dead_code, reason = "there are no workers")]
    Skip,
}

impl RunKind {
    /// Returns the kind of the next run of this process.
    pub(crate) fn next() -> Self {
        Self::Run(None)
    }
}

/// Never made here.
pub(crate) enum Pool {}

impl Pool {
    pub(crate) fn start(_: &Arguments, _: usize, _: Option<u32>, _: bool) -> io::Result<Self> {
        let message = "--isolate is supported on Unix only";
        Err(io::Error::new(io::ErrorKind::Unsupported, message))
    }

    pub(crate) fn capacity(&self) -> usize {
        match *self {}
    }

    pub(crate) fn submit(&self, _: Submission) {
        match *self {}
    }

    pub(crate) fn end(self, _: Option<Duration>) {
        match self {}
    }
}

/// Never made here.
pub(crate) enum Server {}

impl Server {
    pub(crate) fn start(_: &Arguments, _: Vec<Trial>) -> io::Result<Self> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }
}

impl Future for Server {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        match *self {}
    }
}
