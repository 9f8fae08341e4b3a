//! The mechanism under every conversion: one [`Hub`] per event loop, and [`Task`]s that deliver through it.
//!
//! A Rust thread that has something for Python pushes it to the hub's [`queue`](event_loop::queue) and, once per batch,
//! wakes the loop through a file descriptor that the loop watches. It never attaches to Python. Conversion, callbacks
//! and every drop of a Python reference happen on the loop's thread, in the order of the pushes.

pub(crate) mod errors;
mod event_loop;
pub(crate) mod lifecycle;
mod runtime_vtable;
mod task;

pub(crate) use errors::{closed_error, leaves_the_loop, left_behind_error, shutdown_error};
pub(crate) use event_loop::call_soon::Lane;
pub(crate) use event_loop::hub::{Deliver, Hub};
pub(crate) use event_loop::install::{hub_of, hub_of_host};
pub use lifecycle::exit::shutdown;
pub(crate) use lifecycle::exit::{end_loop, register as register_exit};
pub(crate) use lifecycle::fork::generation;
#[cfg(feature = "tokio-runtime")]
pub(crate) use lifecycle::fork::hold_over_forks;
pub(crate) use runtime_vtable::RuntimeVtable;
pub(crate) use task::erased::{Job, Work, convert};
pub(crate) use task::future::Driver;
pub(crate) use task::registration::Registration;
pub(crate) use task::spawned::spawned;
pub(crate) use task::task::{Target, Task};
pub(crate) use task::unstarted::Unstarted;
