#[pyo3_aio::tokio::test]
async fn own() {}

#[test]
fn plain() {}

pyo3_aio::testing::main!();
