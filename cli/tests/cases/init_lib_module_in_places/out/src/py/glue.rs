pub mod api {
    use pyo3::prelude::*;

    #[pymodule]
    pub fn demo(_m: &Bound<'_, PyModule>) -> PyResult<()> {
        Ok(())
    }
}
