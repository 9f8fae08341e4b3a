//! The ends of the bridge (the interpreter's exit, a fork) and the polls that either has to wait for.

pub(crate) mod attached;
pub(crate) mod calls;
pub(crate) mod current_runtime;
pub(crate) mod exit;
pub(crate) mod fork;
pub(crate) mod in_flight;
pub(crate) mod inherited;
