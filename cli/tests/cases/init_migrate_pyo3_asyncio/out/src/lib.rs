//! A crate.
use pyo3_aio::tokio::future_into_py;
