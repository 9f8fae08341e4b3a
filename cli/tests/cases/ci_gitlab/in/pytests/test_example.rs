mod shared {
    #[pyo3_aio::tokio::test(serial)]
    async fn changes_the_working_directory() {}
}

#[pyo3_aio::tokio::test]
async fn runs_beside_others() {}

pyo3_aio::testing::main!();
