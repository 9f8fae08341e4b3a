//! The implementations that are compared.

use crate::conversions::conversions;

conversions!(
    /// pyo3-aio, by coroutines.
    into_coroutine,
    pyo3_aio::tokio::into_coroutine,
    pyo3_aio::tokio::into_future,
    pyo3_aio::tokio::get_runtime
);
conversions!(
    /// pyo3-aio, by futures.
    future_into_py,
    pyo3_aio::tokio::future_into_py,
    pyo3_aio::tokio::into_future,
    pyo3_aio::tokio::get_runtime
);
conversions!(
    /// pyo3-async-runtimes.
    peer,
    pyo3_async_runtimes::tokio::future_into_py,
    pyo3_async_runtimes::tokio::into_future,
    pyo3_async_runtimes::tokio::get_runtime
);
