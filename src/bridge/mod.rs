//! The mechanism under every conversion, and its architecture page: who calls whom, on which thread, and who is attached
//! to Python then.
//!
//! There is one [`Hub`] per event loop. A Rust thread that has something for Python pushes it to the hub, which wakes the
//! loop through a file descriptor, once per batch. **No Rust thread attaches to Python to deliver.** Conversions,
//! callbacks and drops of Python references happen on the loop's thread, in the order of the pushes.
//!
//! # The rooms
//!
//! Each uses those above it, and [`errors`]. A drain calls up twice, by methods of [`Hub`]: `watch_nested` of `install` and
//! `pause_inherited` of `inherited`.
//!
//! | room | what it knows |
//! | --- | --- |
//! | `lifecycle/in_flight`, `lifecycle/fork` | polls under way, and forks that wait for them |
//! | `lifecycle/calls` | calls of Python's under way, for which the exit waits |
//! | `event_loop/queue`, `readers`, `wakeup`, `dispatcher`, `mailbox` | the way to a loop, without Python |
//! | `event_loop/hub`, `drain`, `call_soon`, `registry` | an event loop, what is pending on it, and how it delivers |
//! | `lifecycle/exit`, `inherited`; `event_loop/install` | hubs begin and end: `hub_of`, `shutdown`, the exit, a child process |
//! | `task/future`, then `runtime_vtable`, then `task/unstarted` | what a runtime polls, and what the bridge calls of a runtime |
//! | `task/state`, `task/task` | a Rust future on its way to an event loop |
//!
//! # A Rust future that Python awaits
//!
//! `await future_into_py(py, fut)`, or an `await` of a coroutine that was pending at its first `send`. "Loop" is the
//! loop's thread, "worker" a thread of the Rust runtime.
//!
//! | hop | file: function | thread | attached |
//! | --- | --- | --- | --- |
//! | 1. The future is boxed with its output type erased | `generic/conversions.rs`, [`Job::boxed`] in `task/erased.rs` | loop | yes |
//! | 2. It gets a Python future on the loop's hub | `convert/future_into_py/future.rs: spawn_future`, [`hub_of`] in `event_loop/install.rs` | loop | yes |
//! | 3. It becomes a task, known to the hub, and is spawned as a [`Driver`] | `task/task.rs: `[`Task::start`] | loop | yes |
//! | 4. It is polled, out of the task's state | `task/future.rs: Driver::poll`, `task/task.rs: Task::advance`, `task/state.rs: begin_poll`, `end_poll` | worker | no |
//! | 5. Its output is kept in the state, and the task pushed | `task/state.rs: finish`, `event_loop/hub.rs: `[`Hub::push`] | worker | no |
//! | 6. The loop is woken, unless it has been for this batch | `event_loop/mailbox.rs: wake`, `readers.rs: notify` | worker | no |
//! | 7. The loop calls the drain, which takes the task out | `event_loop/drain.rs: Drain::__call__`, `mailbox.rs: drain` | loop | yes |
//! | 8. The output is converted | `task/task.rs: Task::deliver`, `task/erased.rs: `[`convert`] | loop | yes |
//! | 9. The Python future is done, and calls who awaits it | `convert/future_into_py/future.rs: settle`, `callbacks.rs: run_callbacks` | loop | yes |
//!
//! Before hop 1 a coroutine polls its future once, detached, on the thread that sends: [`Unstarted::poll`], with
//! [`RuntimeVtable::poll_first`]. If that is ready, nothing of the above happens. A cancellation comes in between, on the
//! loop, by [`Task::cancel_now`] or [`Task::request_cancel`]; a loop that closes calls [`Deliver::discard`] in place of
//! hops 7 to 9. The table in `task/state.rs` has every order of these.
//!
//! # A Python awaitable that Rust awaits
//!
//! `into_future(awaitable)?.await`. "Caller" is the thread that converts, "worker" the one that polls.
//!
//! | hop | file: function | thread | attached |
//! | --- | --- | --- | --- |
//! | 1. The awaitable is checked, and pushed to the loop's hub | `convert/into_future/future.rs: into_future_with_locals`, `shared_future.rs: SharedFuture::start` | caller | yes |
//! | 2. The loop is woken | `event_loop/mailbox.rs: push`, `wake` | caller | yes |
//! | 3. The loop calls the drain | `event_loop/drain.rs: Drain::__call__` | loop | yes |
//! | 4. The awaitable becomes a task of asyncio's, with a callback | `convert/into_future/delivery.rs: deliver`, `start_task` | loop | yes |
//! | 5. The Rust future is polled meanwhile, and leaves its waker | `convert/into_future/shared_future.rs: poll_output` | worker | no |
//! | 6. The task is done; its callback keeps the output, and calls the waker | `convert/into_future/done_callback.rs`, `shared_future.rs: finish` | loop | yes |
//! | 7. The Rust future takes the output | `convert/into_future/shared_future.rs: poll_output` | worker | no |
//!
//! Dropping the Rust future pushes it once more; hop 4 then cancels the task. A task that is done after its first step
//! (an eager one) skips the callback.

pub(crate) mod errors;
mod event_loop;
pub(crate) mod lifecycle;
mod runtime_vtable;
mod task;

pub(crate) use errors::{closed_error, leaves_the_loop, left_behind_error, shutdown_error};
pub(crate) use event_loop::call_soon::Lane;
pub(crate) use event_loop::hub::{Deliver, Hub};
pub(crate) use event_loop::install::{hub_of, hub_of_host};
pub(crate) use lifecycle::calls;
pub use lifecycle::exit::shutdown;
pub(crate) use lifecycle::exit::{end_loop, register as register_exit};
pub(crate) use lifecycle::fork::{generation, hold_over_forks};
pub(crate) use runtime_vtable::RuntimeVtable;
pub(crate) use task::erased::{Job, Work, convert};
pub(crate) use task::future::Driver;
pub(crate) use task::registration::Registration;
pub(crate) use task::spawned::{spawned, spawned_blocking};
pub(crate) use task::task::{Target, Task};
pub(crate) use task::unstarted::Unstarted;
