//! Whether this process is a worker of `--isolate`, and of which run.

use std::sync::OnceLock;

/// The variable that marks a process as a worker: the number of the process that started it, a slash, and the
/// number of the run.
#[cfg(unix)]
pub(crate) const VARIABLE: &str = "LIBTEST_ASYNC_WORKER_OF";

/// Says whether this process is a worker.
///
/// A process that a test starts inherits the variable, and may be a test binary too; but it is no child of
/// the process that the variable names.
pub fn is_worker() -> bool {
    served_run().is_some()
}

/// Returns the number of the run that this worker serves; `None` if this is no worker.
pub(crate) fn served_run() -> Option<u32> {
    static RUN: OnceLock<Option<u32>> = OnceLock::new();
    *RUN.get_or_init(read)
}

#[cfg(unix)]
fn read() -> Option<u32> {
    let value = std::env::var(VARIABLE).ok()?;
    let (parent, run) = value.split_once('/')?;
    let is_parent = parent == std::os::unix::process::parent_id().to_string();
    is_parent.then(|| run.parse().ok())?
}

#[cfg(not(unix))]
fn read() -> Option<u32> {
    None
}

/// Returns the value of the variable for a worker that this process starts.
#[cfg(unix)]
pub(crate) fn variable(run: u32) -> String {
    format!("{}/{run}", std::process::id())
}
