pub use pyo3_async_runtimes::tokio::into_future;
