#[pyo3_aio::tokio::test(serial)]
async fn first() {}

#[test_log::test(pyo3_aio::tokio::test(timeout = "5s", serial))]
async fn second() {}

#[pyo3_aio::tokio::test]
async fn beside() {}

mod more;

pyo3_aio::testing::main!();
