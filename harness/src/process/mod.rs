//! The process during a run: its signals, its exit, its forked children, its standard error and descriptors.

pub(crate) mod binary;
#[cfg(unix)]
mod checked_file;
#[cfg(not(unix))]
#[path = "unchecked_file.rs"]
mod checked_file;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod exit;
mod forked;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod saved_stderr;
#[cfg(unix)]
mod signal_pipe;
mod stderr;
pub(crate) mod worker;

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
#[path = "no_exit.rs"]
mod exit;
#[cfg(not(unix))]
mod no_signals;
#[cfg(not(unix))]
#[path = "no_saved_stderr.rs"]
mod saved_stderr;

pub(crate) use self::checked_file::CheckedFile;
#[cfg(unix)]
pub(crate) use self::checked_file::file_id;
pub use self::exit::ExitGuard;
pub(crate) use self::forked::{ReportingProcess, exit_forked};
#[cfg(unix)]
pub(crate) use self::interrupt::{Interrupt, leave_to_parent};
#[cfg(not(unix))]
pub(crate) use self::no_signals::Interrupt;
#[cfg(unix)]
pub(crate) use self::saved_stderr::save_stderr;
pub(crate) use self::saved_stderr::{is_stderr_redirected, print_to_saved_stderr, reopen_stderr};
pub(crate) use self::stderr::print_error;
pub use self::worker::is_worker;

/// Exit code of every failure, usage errors included, as with libtest.
pub(crate) const FAILURE: i32 = 101;
