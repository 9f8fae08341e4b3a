//! `--leak-check`: tasks that are pending, and coroutines that nobody awaited, at the end of a test.

use pyo3::ffi::c_str;
use pyo3::prelude::*;

use crate::{TaskLocals, into_future_with_locals};

/// A check of one test, which runs alone meanwhile.
pub(super) struct Check(Py<PyAny>);

impl Check {
    /// Notes what is on the loop already.
    pub(super) async fn begin(locals: &TaskLocals) -> PyResult<Self> {
        let check = Python::attach(|py| {
            let module = PyModule::from_code(py, SOURCE, c"leaks.py", c"pyo3_aio_leaks")?;
            PyResult::Ok(Self(module.getattr("Check")?.call0()?.unbind()))
        })?;
        check.call("begin", locals).await?;
        Ok(check)
    }

    /// Returns a description of what the test has left behind; `None` if that is nothing.
    pub(super) async fn end(self, locals: &TaskLocals) -> PyResult<Option<String>> {
        let left = self.call("end", locals).await?;
        let left: Vec<String> = Python::attach(|py| left.extract(py))?;
        let lines = left.iter().map(|line| format!("\n    {line}"));
        Ok((!left.is_empty())
            .then(|| format!("the test left behind:{}", lines.collect::<String>())))
    }

    async fn call(&self, method: &str, locals: &TaskLocals) -> PyResult<Py<PyAny>> {
        let future = Python::attach(|py| {
            into_future_with_locals(locals, self.0.bind(py).call_method0(method)?)
        })?;
        future.await
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        // It has been done already unless the test panicked.
        Python::attach(|py| {
            if let Err(error) = self.0.call_method0(py, "restore") {
                error.write_unraisable(py, None);
            }
        });
    }
}

const SOURCE: &std::ffi::CStr = c_str!(include_str!("leaks.py"));
