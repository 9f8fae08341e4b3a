use pyo3::prelude::*;

#[pymodule]
fn demo(_m: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
