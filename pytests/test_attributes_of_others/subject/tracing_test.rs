//! tracing-test: assertions about what is logged.

use tracing_test::traced_test;

#[pyo3_aio::tokio::test]
#[traced_test]
fn passes_synchronously() {
    tracing::info!("logged");
    assert!(logs_contain("logged"));
}

#[pyo3_aio::tokio::test]
#[traced_test]
fn fails_synchronously() {
    tracing::info!("something else");
    assert!(logs_contain("logged"));
}

#[traced_test]
#[pyo3_aio::tokio::test]
fn fails_above_it() {
    tracing::info!("something else");
    logs_assert(|lines| Err(format!("{} lines", lines.len())));
}
