pyo3_aio::testing::main!();
