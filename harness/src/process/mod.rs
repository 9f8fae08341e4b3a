//! What happens to the process during a run: Ctrl-C, and a test that ends it or aborts.

#[cfg(unix)]
mod interrupt;
#[cfg(not(unix))]
#[path = "none.rs"]
mod interrupt;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod exit;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
#[path = "none.rs"]
mod exit;

#[cfg(unix)]
mod abort;
#[cfg(not(unix))]
#[path = "none.rs"]
mod abort;

pub(crate) use self::abort::AbortGuard;
pub(crate) use self::exit::ExitGuard;
pub(crate) use self::interrupt::Interrupt;
