//! `--isolate`: trials run in worker processes of this same binary.
//!
//! The parent keeps the plan and the report. Each worker is started with the parent's own
//! arguments, comes to the same call of `run`, and there serves: it is sent the name of a trial
//! over a socket, which was its standard input, runs it, and sends back how it ended. What it
//! prints goes to a file that parent and worker share, so that it outlives a crash.

#[cfg(not(unix))]
mod none;
#[cfg(unix)]
mod pool;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod protocol;
#[cfg(unix)]
mod server;

#[cfg(not(unix))]
pub(crate) use self::none::{Pool, Server, is_worker};
#[cfg(unix)]
pub(crate) use self::pool::Pool;
#[cfg(unix)]
pub(crate) use self::server::{Server, is_worker};

/// Tells a worker that it is one: the number of the process that started it.
#[cfg(unix)]
const VARIABLE: &str = "LIBTEST_ASYNC_WORKER_OF";

/// Asks a worker for a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) name: String,
    /// How many trials of this name come before it.
    pub(crate) occurrence: u32,
}
