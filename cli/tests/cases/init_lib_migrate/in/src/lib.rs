//! A crate.

#[cfg(test)]
mod tests {
    #[pyo3_async_runtimes::tokio::test]
    async fn own() {}
}
