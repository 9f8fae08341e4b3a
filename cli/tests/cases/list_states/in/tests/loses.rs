use rstest::rstest;

#[test]
fn plain() {}

#[rstest]
fn with_cases() {}

#[pyo3_aio::tokio::test]
async fn own() {}

pyo3_aio::testing::main!();
