//! `--isolate`: trials run in worker processes of this same binary.
//!
//! The parent keeps the plan and the report. Each worker is started with the parent's own
//! arguments, skips other calls of `run` that `main` may have before the same one, and serves there:
//! it gets the names of trials over a socket, which was its standard input, runs one after the
//! other, and sends back how each ended and what it printed. Workers print to a file that the parent
//! has open too, so that it outlives a crash.
//!
//! A worker whose trials are short is sent some ahead, so that neither side has to wait for the
//! other. They stay the parent's: it calls them back when another worker has nothing to do, and
//! when a worker has gone it gives them to the next one.

#[cfg(unix)]
mod current_trial;
#[cfg(unix)]
mod executor;
#[cfg(unix)]
mod fd_loss;
#[cfg(unix)]
mod frame;
#[cfg(unix)]
mod link;
#[cfg(not(unix))]
mod none;
#[cfg(unix)]
mod output_file;
#[cfg(unix)]
mod pool;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod protocol;
#[cfg(unix)]
mod queue;
#[cfg(unix)]
mod replies;
#[cfg(unix)]
mod run_end;
#[cfg(unix)]
mod run_index;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod worker;

use std::time::Duration;

use crate::job::Ended;

#[cfg(unix)]
pub use self::link::{setup_failed, watch_parent};
#[cfg(not(unix))]
pub(crate) use self::none::{Pool, RunKind, Server};
#[cfg(not(unix))]
pub use self::none::{setup_failed, watch_parent};
#[cfg(unix)]
pub(crate) use self::pool::Pool;
#[cfg(unix)]
pub(crate) use self::run_index::RunKind;
#[cfg(unix)]
pub(crate) use self::server::Server;

/// Asks a worker for a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    /// The title of the trial: trials of several kinds may have the same name.
    pub(crate) name: String,
    /// How many trials of this title come before it.
    pub(crate) occurrence: u32,
}

/// A trial for the next worker that is free.
#[cfg_attr(not(unix), expect(dead_code, reason = "there are no workers"))]
pub(crate) struct Submission {
    pub(crate) request: Request,
    pub(crate) timeout: Option<Duration>,
    /// The trial can say what it is doing when its time is over.
    pub(crate) is_described: bool,
    /// Called at the start, and then at the end.
    pub(crate) notify: Box<dyn Fn(Progress) + Send>,
}

/// Progress of a submitted trial.
#[cfg_attr(not(unix), expect(dead_code, reason = "there are no workers"))]
pub(crate) enum Progress {
    Started,
    Ended(Ended),
    /// The worker's set-up failed, so no trial starts. With the set-up's output.
    SetupFailed(Vec<u8>),
}
