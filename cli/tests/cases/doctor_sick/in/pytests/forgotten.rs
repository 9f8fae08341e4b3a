mod part;
pyo3_aio::testing::main!();
