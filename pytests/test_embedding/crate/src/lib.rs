//! An extension module with tests of every kind.
//!
//! ```
//! #[pyo3_aio::tokio::main]
//! async fn main() -> pyo3::PyResult<()> {
//!     pyo3::Python::attach(|py| py.import("asyncio").map(drop))
//! }
//! ```
#![forbid(unsafe_code)]

use pyo3::prelude::*;

/// The module that Python imports.
#[pymodule]
pub mod embedded {
    use super::*;

    /// Calls private code.
    #[pyfunction]
    fn answer() -> u8 {
        private::answer()
    }
}

mod private {
    pub(super) fn answer() -> u8 {
        42
    }

    #[cfg(test)]
    #[pyo3_aio::tokio::test]
    async fn python_gets_the_private_answer() -> pyo3::PyResult<()> {
        use pyo3::prelude::*;
        let got = Python::attach(|py| {
            let module = py.import("embedded")?;
            module.call_method0("answer")?.extract::<u8>()
        })?;
        assert_eq!(got, answer());
        Ok(())
    }
}

#[cfg(test)]
pyo3_aio::testing::main!(modules = [embedded]);
