//! test-log: what is logged is shown with the test.

#[test_log::test(pyo3_aio::tokio::test)]
async fn passes() {
    tracing::info!("logged by a test that passes");
}

#[test_log::test(pyo3_aio::tokio::test)]
async fn fails() {
    tracing::info!("logged by an argument");
    panic!("its own panic");
}

/// The order of test-log's README.
#[pyo3_aio::tokio::test]
#[test_log::test]
async fn fails_below_it() {
    tracing::info!("logged below");
    panic!("its own panic");
}

#[test_log::test]
#[pyo3_aio::tokio::test]
async fn fails_above_it() {
    tracing::info!("logged above");
    panic!("its own panic");
}

#[pyo3_aio::smol::test(timeout = "1m")]
#[test_log::test]
fn fails_synchronously() {
    tracing::info!("logged by a sync test");
    panic!("its own panic");
}
