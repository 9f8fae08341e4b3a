//! CPython's rules, without any conversion.
//!
//! | module | what it knows |
//! | --- | --- |
//! | [`asyncio`], [`trio`] | every name of the packages that this library uses |
//! | [`contextvars`] | how to copy and to enter a context |
//! | [`current_locals`] | which loop and context the code on this thread belongs to |
//! | [`exceptions`] | the arguments of `throw`, PEP 479, and the exception that is set while a deallocator runs |
//! | [`coroutine_state`], [`step`] | who may `send`, `throw` and `close` when, and what a step returns |
//! | [`type_slots`] | C slots that pyo3 does not write |

pub(crate) mod asyncio;
pub(crate) mod contextvars;
pub(crate) mod coroutine_state;
pub(crate) mod current_locals;
pub(crate) mod exceptions;
pub(crate) mod step;
pub(crate) mod trio;
pub(crate) mod type_slots;
