//! The main function is async.

#[pyo3_aio::tokio::main]
fn main() {} //~ the main function must be async, or have no attribute
