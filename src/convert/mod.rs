//! The conversions, one folder or file for each direction.
//!
//! | from | to | module |
//! | --- | --- | --- |
//! | a Rust future | a coroutine of Python, polled first by whoever awaits it | [`into_coroutine`] |
//! | a Rust future | a future of Python, started at once on its runtime | [`future_into_py`] |
//! | a Rust future that is not `Send` | a future of Python | [`local_future`] |
//! | an awaitable of Python | a Rust future | [`into_future`] |
//! | an asynchronous generator of Python | a Rust stream | [`into_stream`] |
//! | a Rust stream | an asynchronous generator of Python | [`stream_into_py`] |

pub(crate) mod future_into_py;
pub(crate) mod into_coroutine;
pub(crate) mod into_future;
pub(crate) mod into_stream;
pub(crate) mod local_future;
pub(crate) mod stream_into_py;
pub(crate) mod trio_wait;
