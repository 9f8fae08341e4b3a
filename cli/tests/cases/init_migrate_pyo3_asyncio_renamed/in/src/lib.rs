//! A crate.
use aio::tokio::future_into_py;
