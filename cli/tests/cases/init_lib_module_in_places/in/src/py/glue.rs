pub mod api {
    use pyo3::prelude::*;

    #[pymodule]
    pub(crate) fn demo(_m: &Bound<'_, PyModule>) -> PyResult<()> {
        Ok(())
    }
}
