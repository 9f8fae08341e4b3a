//! A run of tests, from the command line to the exit code.

pub(super) mod args;
pub(super) mod driver;
mod exit_deadline;
pub(super) mod hooks;
mod main_macro;
#[cfg(unix)]
mod sigint;
#[cfg(not(unix))]
#[path = "no_sigint.rs"]
mod sigint;
pub(super) mod test_binary;
