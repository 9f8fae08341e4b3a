//! Rules and names of CPython, asyncio and trio. No conversion is here, and nothing of this library but errors and panics.
//!
//! | module | contents |
//! | --- | --- |
//! | [`asyncio`], [`trio`] | every name of those packages that this library uses |
//! | [`async_with`] | the statement `async with` |
//! | [`awaited_by`] | asyncio's graph of who awaits whom (Python 3.14) |
//! | [`attributes`] | attributes of an object that its class does not have |
//! | [`contextvars`] | copying a context and calling a function in one |
//! | [`current_locals`] | the loop and the context that the code on this thread belongs to |
//! | [`coroutine_state`] | whether an object may be stepped: suspended, executing or finished |
//! | [`coroutine_frame`] | a frame for a coroutine that has none |
//! | [`coroutine_origin`] | the frames that make a coroutine |
//! | [`warnings`] | the warning of a coroutine that was never awaited |
//! | [`step`] | the outcome of one step: yielded or returned |
//! | [`type_slots`] | C slots that pyo3 does not write: `am_send`, `tp_finalize`, and a `tp_dealloc` that calls that |
//! | [`exceptions`] | the arguments of `throw`, PEP 479, exceptions and deallocators |

pub(crate) mod async_with;
pub(crate) mod asyncio;
pub(crate) mod attributes;
pub(crate) mod awaited_by;
pub(crate) mod contextvars;
pub(crate) mod coroutine_frame;
pub(crate) mod coroutine_origin;
pub(crate) mod coroutine_state;
pub(crate) mod current_locals;
pub(crate) mod exceptions;
pub(crate) mod step;
pub(crate) mod trio;
pub(crate) mod type_slots;
pub(crate) mod warnings;
