//! What happens to the process during a run: Ctrl-C, and a test that ends it or aborts.

pub(crate) mod binary;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod exit;
mod forked;
#[cfg(unix)]
mod guarded;
#[cfg(not(unix))]
#[path = "unguarded.rs"]
mod guarded;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod kept;
#[cfg(unix)]
mod signal_pipe;
mod stderr;
pub(crate) mod worker;

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
#[path = "no_exit.rs"]
mod exit;
#[cfg(not(unix))]
#[path = "no_kept.rs"]
mod kept;
#[cfg(not(unix))]
mod no_signals;

pub use self::exit::ExitGuard;
pub(crate) use self::forked::Home;
pub(crate) use self::guarded::Guarded;
#[cfg(unix)]
pub(crate) use self::guarded::identity;
#[cfg(unix)]
pub(crate) use self::interrupt::{Interrupt, leave_to_parent};
#[cfg(unix)]
pub(crate) use self::kept::keep_stderr;
pub(crate) use self::kept::{is_stderr_redirected, print_to_kept, reopen_stderr};
#[cfg(not(unix))]
pub(crate) use self::no_signals::Interrupt;
pub(crate) use self::stderr::print_error;
pub use self::worker::is_worker;

/// Exit code of every failure, usage errors included, as with libtest.
pub(crate) const FAILURE: i32 = 101;
