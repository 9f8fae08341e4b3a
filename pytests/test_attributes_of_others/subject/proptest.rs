//! proptest: properties of a function's arguments.

use proptest::prelude::*;

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[pyo3_aio::tokio::test]
    fn passes(number in 0..10) {
        prop_assert!(number < 10);
    }

    #[pyo3_aio::tokio::test(timeout = "1m")]
    fn fails(number in 5..10) {
        prop_assert!(number < 5, "{number} is too large");
    }
}

/// proptest has no async functions; a test that is one may use its runner.
#[pyo3_aio::tokio::test]
async fn fails_within_an_async_test() {
    proptest!(config(), |(number in 5..10)| prop_assert!(number < 5, "{number} is too large"));
}
