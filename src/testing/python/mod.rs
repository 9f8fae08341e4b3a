//! Python while tests run: its standard streams, threads, event loops and tasks, each tied to the test it works for.

pub(super) mod callback_exits;
pub(super) mod current_test;
pub(super) mod event_loops;
mod handles;
pub(super) mod leaks;
pub(super) mod loop_runner;
pub(super) mod redirection;
pub(super) mod standard_streams;
pub(super) mod thread_state;
mod threads;
pub(super) mod traceback;
