//! A crate.
use pyo3_asyncio::tokio::future_into_py;
