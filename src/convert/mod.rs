//! The conversions, one folder or file for each direction.
//!
//! | from | to | module |
//! | --- | --- | --- |
//! | a Rust future | a Python coroutine, which starts when it is awaited | [`into_coroutine`], under trio with [`trio_wait`] |
//! | a Rust future | a Python future, which is started on its runtime at once | [`future_into_py`] |
//! | a Rust future that is not `Send` | a Python future | [`local_future`] |
//! | a Python awaitable | a Rust future | [`into_future`] |
//! | a Rust future | the body of Python's `async with` | [`async_with`] |
//! | a Python asynchronous generator | a Rust stream | [`into_stream`] |
//! | a Rust stream | a Python asynchronous generator | [`stream_into_py`] |
//!
//! These take a runtime as a [`RuntimeVtable`](crate::bridge::RuntimeVtable); [`generic`](crate::generic) has the functions for users.

pub(crate) mod async_with;
pub(crate) mod future_into_py;
pub(crate) mod into_coroutine;
pub(crate) mod into_future;
pub(crate) mod into_stream;
pub(crate) mod local_future;
pub(crate) mod stream_into_py;
pub(crate) mod trio_wait;
