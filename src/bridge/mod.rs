//! The mechanism under every conversion: one [`Hub`] per event loop, and [`Task`]s that deliver through it.
//!
//! A Rust thread that has something for Python pushes it to the hub's [`queue`] and, once per batch,
//! wakes the loop through a file descriptor that the loop watches. It never attaches to Python. Conversion, callbacks
//! and every drop of a Python reference happen on the loop's thread, in the order of the pushes.

mod attached;
mod connect;
mod dispatcher;
mod drain;
mod driver;
mod errors;
mod exit;
mod failure;
mod fork;
mod held;
mod hub;
mod hubs;
mod inherited;
mod poll_lock;
pub(crate) mod polled;
mod polling;
mod queue;
mod readers;
mod registration;
mod runner;
mod slot;
mod soon;
mod spawned;
mod task;
mod wakeup;
mod work;

pub(crate) use driver::Driver;
pub(crate) use errors::{closed_error, leaves_the_loop, left_behind_error, shutdown_error};
pub(crate) use exit::end_loop;
pub(crate) use exit::register as register_exit;
pub use exit::shutdown;
pub(crate) use fork::generation;
pub(crate) use held::Held;
pub(crate) use hub::{Deliver, Hub};
pub(crate) use hubs::{hub_of, hub_of_host};
pub(crate) use registration::Registration;
pub(crate) use runner::Runner;
pub(crate) use soon::Place;
pub(crate) use spawned::spawned;
pub(crate) use task::{Target, Task};
pub(crate) use work::{Job, Work, convert};
