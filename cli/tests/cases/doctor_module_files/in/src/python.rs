#[pymodule]
fn core(_m: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
