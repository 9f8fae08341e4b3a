//! The subcommand as a user runs it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cases;
#[cfg(target_os = "linux")]
mod checkout;
mod conventions;
mod failures;
mod layouts;
mod many_machines;
mod python;
mod rendered;
mod run;
mod sandbox;
mod undo;
