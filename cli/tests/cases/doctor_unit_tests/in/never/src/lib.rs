//! Its tests never run, as libtest does not know them.

#[cfg(test)]
mod tests {
    #[pyo3_aio::tokio::test]
    async fn own() {}
}
