pub use pyo3_aio::tokio::into_future;
