#[cfg(test)]
mod tests {
    #[pyo3_aio::tokio::test]
    async fn own() {}

    #[test]
    fn plain() {}
}
