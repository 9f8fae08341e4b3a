//! An async function of Python's keeps its arguments, and returns what Python takes.

use std::borrow::Cow;
use std::path::Path;
use std::rc::Rc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyModule};

struct NoObject;

#[pyo3_aio::tokio::pyfunction]
async fn text(url: &str) {} //~ cannot borrow them: write `String`

#[pyo3_aio::smol::pyfunction]
async fn bytes(
    number: u8,
    data: Option<&[u8]>, //~ cannot borrow them: write `Vec<u8>`
) {
}

#[pyo3_aio::async_std::pyfunction]
async fn path(path: &Path) {} //~ cannot borrow them: write `PathBuf`

#[pyo3_aio::tokio::pyfunction]
async fn bound(dict: &Bound<'_, PyDict>) {} //~ cannot borrow them: write `Py<PyDict>`

#[pyo3_aio::tokio::pyfunction]
async fn owned_bound(dict: Vec<Bound<'_, PyDict>>) {} //~ cannot borrow them: write `Py<PyDict>`

#[pyo3_aio::tokio::pyfunction]
async fn cow(text: Cow<'_, str>) {} //~ cannot borrow them: write `String`

#[pyo3_aio::tokio::pyfunction(pass_module)]
async fn module(module: &Bound<'_, PyModule>) {} //~ cannot borrow them: write `Py<PyModule>`

#[pyo3_aio::tokio::pyfunction]
async fn attached(py: Python<'_>) {} //~ write `Python::attach(|py| ..)` in the body

#[pyo3_aio::tokio::pyfunction]
async fn generic<T>(value: T) {} //~ a Python function cannot be generic

#[pyo3_aio::tokio::pyfunction]
async fn implied(value: impl Send) {} //~ a Python function cannot be generic

#[pyo3_aio::tokio::pyfunction]
fn sync() {} //~ this function is not async: add `async`, or write PyO3's `#[pyfunction]`

#[pyo3_aio::tokio::pyfunction]
async unsafe fn not_safe() {} //~ a Python function cannot be unsafe

#[pyo3_aio::tokio::pyfunction]
struct NoFunction; //~ only functions can have this attribute

#[pyo3_aio::tokio::pyfunction]
async fn pattern((a, b): (u8, u8)) {} //~ an argument of a Python function is a name

#[pyo3_aio::tokio::pyfunction]
async fn bare_handle(cancel: pyo3_aio::CancelHandle) {} //~ write `#[pyo3(cancel_handle)]` before the argument

#[pyo3_aio::tokio::pyfunction(future = true)] //~ `future` takes no value
async fn future() {}

#[pyo3_aio::tokio::pyfunction(futures)] //~ expected one of
async fn misspelt() {}

#[pyo3_aio::tokio::pyfunction(crate = "not a path")] //~ expected the path of a crate
async fn krate() {}

#[pyo3_aio::tokio::pyfunction(blocking)] //~ `blocking` needs the name of the synchronous twin
async fn no_twin_name() {}

#[pyo3_aio::tokio::pyfunction(blocking = true)] //~ `blocking` needs the name of the synchronous twin
async fn no_string() {}

#[pyo3_aio::tokio::pyfunction(blocking = "not-a-name")] //~ so its name is an identifier
async fn no_identifier() {}

#[pyo3_aio::tokio::pyfunction(blocking = "itself")] //~ the twin needs a name of its own
async fn itself() {}

#[pyo3_aio::tokio::pyfunction(name = "python_name", blocking = "python_name")] //~ the twin needs a name of its own
async fn rust_name() {}

#[pyo3_aio::tokio::pyfunction(blocking = "a_sync", blocking = "b_sync")] //~ `blocking` is given more than once
async fn two_twins() {}

#[pyo3_aio::tokio::pyfunction]
async fn no_object() -> NoObject { //~ an async function of Python's cannot return `NoObject`
    NoObject
}

#[pyo3_aio::tokio::pyfunction]
async fn no_exception() -> Result<u8, NoObject> { //~ an async function of Python's cannot return `Result<u8, NoObject>`
    Err(NoObject)
}

#[pyo3_aio::tokio::pyfunction]
async fn not_send() -> PyResult<()> { //~ future cannot be sent between threads safely
    let counted = Rc::new(1);
    std::future::ready(()).await;
    drop(counted);
    Ok(())
}

#[pyclass]
struct Class;

impl Class {
    #[pyo3_aio::tokio::pyfunction]
    async fn method(&self) {} //~ this attribute is for functions: in `#[pymethods]` write a `fn` that takes `slf: Py<Self>`
}

fn main() {}
