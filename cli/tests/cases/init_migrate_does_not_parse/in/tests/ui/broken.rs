fn main( { pyo3_async_runtimes::tokio::init() }
