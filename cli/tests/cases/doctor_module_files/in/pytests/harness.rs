pub use pyo3_aio::testing::main;
pub use pyo3_aio::tokio::test as py_test;
