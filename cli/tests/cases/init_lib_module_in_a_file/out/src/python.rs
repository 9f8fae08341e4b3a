//! Its functions for Python.

use pyo3::prelude::*;

#[pymodule(name = "_core")]
#[pyo3(module = "demo")]
  pub fn   core(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_wrapped(wrap_pymodule!(inner::part))
}

mod inner {
    use pyo3::prelude::*;

    #[pymodule]
    pub fn part(_m: &Bound<'_, PyModule>) -> PyResult<()> {
        Ok(())
    }
}
