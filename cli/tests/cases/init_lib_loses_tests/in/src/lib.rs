//! A crate.

mod deep;

// #[test] fn commented_out() {}

#[cfg(test)]
mod tests {
    /// Vanishes.
    #[test]
    fn plain() {}

    #[pyo3_aio::tokio::test]
    async fn own() {}

    #[rstest::rstest]
    #[case(1)]
    #[pyo3_aio::tokio::test]
    async fn own_cases(#[case] _number: u8) {}
}
