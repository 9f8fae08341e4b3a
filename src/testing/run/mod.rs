//! A run of tests, from the command line to the exit code.

pub(super) mod args;
pub(super) mod driver;
pub(super) mod exit_code;
mod exit_deadline;
pub(super) mod hooks;
mod main_macro;
mod phases;
pub(super) mod running_loop;
#[cfg(unix)]
mod sigint;
#[cfg(not(unix))]
#[path = "no_sigint.rs"]
mod sigint;
pub(super) mod test_binary;
