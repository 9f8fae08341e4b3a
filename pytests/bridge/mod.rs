//! Tests of what the library does beside Python, which does not depend on the runtime: they run on tokio only.

mod asyncio_attributes;
mod asyncio_future;
mod auto_traits;
mod closed_loops;
mod coroutines;
mod cycles;
mod dropped_loops;
mod drops;
mod drops_unstarted;
mod event_loops;
mod exception_handler;
mod future_iterators;
mod futures;
mod in_runtime;
mod misuse;
mod nested_loops;
mod never_awaited;
mod pyfuture;
mod trio;
