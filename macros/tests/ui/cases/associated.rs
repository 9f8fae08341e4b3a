//! A test is neither a method nor an associated function.

struct Subject;

impl Subject {
    #[pyo3_aio::tokio::test] //~ not supported in `trait`s or `impl`s
    async fn lacks_self() {} //~ cannot find function `lacks_self`

    #[pyo3_aio::tokio::test]
    async fn has_self(&self) {} //~ a test cannot be a method: move it out of the `impl`
}

pyo3_aio::testing::main!();
