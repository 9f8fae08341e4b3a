//! One event loop's end of the bridge: the queue that Rust threads push to, and how the loop is woken and drained.

pub(crate) mod call_soon;
pub(crate) mod dispatcher;
pub(crate) mod drain;
pub(crate) mod hub;
pub(crate) mod install;
pub(crate) mod mailbox;
pub(crate) mod queue;
pub(crate) mod readers;
pub(crate) mod registry;
pub(crate) mod wakeup;
