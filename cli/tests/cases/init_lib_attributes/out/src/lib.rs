//! A library whose tests run under the harness of pyo3-aio.

#[pyo3::pymodule]
pub mod demo {}

#[cfg(test)]
mod tests {
    use pyo3_aio::tokio::test as ptest;
    use rstest::rstest;

    #[test_log::test(pyo3_aio::tokio::test)]
    async fn wrapped() {}

    #[rstest]
    #[test_attr(ptest)]
    async fn named_to_rstest() {}

    #[ptest]
    #[test_case::test_case(1)]
    fn cases(_number: u8) {}
}

#[cfg(test)]
pyo3_aio::testing::main!(modules = [demo]);
