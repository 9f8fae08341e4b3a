//! A crate.

#[cfg(test)]
mod tests {
    #[pyo3_aio::tokio::test]
    async fn own() {}
}

#[cfg(test)]
pyo3_aio::testing::main!();
