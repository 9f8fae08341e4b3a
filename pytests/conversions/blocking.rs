//! Synchronous twins of async functions and methods, made by `blocking`.

use std::ffi::CStr;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyModule, PyType};
use pyo3_aio::CancelHandle;
use pyo3_aio::err::RustPanic;

use crate::conversions::on_new_thread;
use crate::fixtures::python::{call, python};
use crate::runtime;

/// Gives up the thread, so that the runtime has the future.
async fn suspend() {
    let _ = runtime::spawn(async {}).await;
}

/// Fetches a page.
#[runtime::pyfunction(name = "get", blocking = "get_sync")]
#[pyo3(signature = (url, *parts, retries=3), text_signature = "(url, ...)")]
async fn fetch(url: String, parts: Vec<String>, retries: u8) -> PyResult<String> {
    suspend().await;
    match url.as_str() {
        "bad" => Err(PyValueError::new_err("why")),
        "panic" => panic!("in the twin"),
        _ => Ok(format!("{url} {parts:?} {retries}")),
    }
}

#[runtime::pyfunction(future, blocking = "nothing_sync")]
async fn nothing() {}

fn doubled(object: &Bound<'_, PyAny>) -> PyResult<u32> {
    Ok(object.extract::<u32>()? * 2)
}

/// A parameter has the function's name.
#[runtime::pyfunction(blocking = "number_sync", pass_module)]
async fn number(
    _module: Py<PyModule>,
    #[pyo3(from_py_with = doubled)] number: u32,
    #[pyo3(cancel_handle)] cancel: CancelHandle,
) -> Option<u32> {
    (!cancel.is_cancelled()).then_some(number)
}

/// Awaits what a function of Python's returns.
#[runtime::pyfunction(blocking = "awaits_sync")]
async fn awaits(function: Py<PyAny>) -> PyResult<Py<PyAny>> {
    let awaited = Python::attach(|py| runtime::into_future(function.bind(py).call0()?))?;
    awaited.await
}

#[pyclass(frozen)]
struct Client {
    base: String,
}

#[runtime::pymethods]
impl Client {
    #[new]
    fn new(base: String) -> Self {
        Self { base }
    }

    /// Fetches a page of the client.
    #[blocking = "get_sync"]
    #[pyo3(name = "get", signature = (page="index".to_owned()))]
    async fn fetch(&self, page: String) -> String {
        suspend().await;
        format!("{}/{page}", self.base)
    }

    #[classmethod]
    #[blocking = "name_sync"]
    async fn name(class: Py<PyType>) -> PyResult<String> {
        suspend().await;
        Python::attach(|py| class.bind(py).name()?.extract())
    }

    #[staticmethod]
    #[blocking = "one_sync"]
    async fn one() -> u8 {
        suspend().await;
        1
    }
}

/// Functions and their twins, in the places where a `#[pymodule] mod` finds them.
#[pymodule]
mod declared_twins {
    use crate::runtime::pyfunction;

    #[pymodule_export]
    use super::{awaits, awaits_sync};

    #[pyfunction(blocking = "inside_sync")]
    async fn inside() -> &'static str {
        "inside"
    }

    #[pymodule_export]
    use self::inside_sync as _inside_sync;
}

/// Calls `main(module)` with all of the functions, on a thread that has no loop.
fn with_module(code: &CStr) -> PyResult<()> {
    on_new_thread(|py| {
        let module = PyModule::new(py, "functions")?;
        module.add_function(wrap_pyfunction!(fetch, &module)?)?;
        module.add_function(wrap_pyfunction!(get_sync, &module)?)?;
        module.add_function(wrap_pyfunction!(nothing, &module)?)?;
        module.add_function(wrap_pyfunction!(nothing_sync, &module)?)?;
        module.add_function(wrap_pyfunction!(number_sync, &module)?)?;
        module.add_class::<Client>()?;
        module.add_submodule(
            &pyo3::wrap_pymodule!(declared_twins)(py)
                .into_bound(py)
                .cast_into()?,
        )?;
        call(&python(py, code)?, "main", module.into_any()).map(drop)
    })
}

#[runtime::test]
fn a_twin_takes_the_arguments_and_returns_the_result() -> PyResult<()> {
    with_module(
        c"
def main(m):
    assert m.get_sync.__name__ == 'get_sync' and m.get_sync.__doc__ == 'Fetches a page.'
    assert m.get_sync.__text_signature__ == m.get.__text_signature__ == '(url, ...)'
    assert m.get_sync('u', 'a', retries=1) == 'u [\"a\"] 1'
    assert m.nothing_sync() is None
    assert m.number_sync(21) == 42
    assert asyncio.run(m.get('u')) == m.get_sync('u')
",
    )
}

#[runtime::test]
fn a_twin_raises_what_the_function_does() -> PyResult<()> {
    let code = c"
def main(m):
    for call, kind in (lambda: m.get_sync('bad'), ValueError), (lambda: m.get_sync(1), TypeError):
        try:
            call()
        except kind:
            pass
        else:
            assert False
    m.get_sync('panic')
";
    let panicked = with_module(code).unwrap_err();
    Python::attach(|py| assert!(panicked.is_instance_of::<RustPanic>(py), "{panicked}"));
    Ok(())
}

#[runtime::test]
fn a_method_has_a_twin() -> PyResult<()> {
    with_module(
        c"
def main(m):
    client = m.Client('http://a')
    assert client.get_sync() == asyncio.run(client.get()) == 'http://a/index'
    assert m.Client.get_sync.__doc__ == 'Fetches a page of the client.'
    assert m.Client.name_sync() == 'Client' and m.Client.one_sync() == 1
    assert not [name for name in dir(client) if 'blocking' in name]
",
    )
}

#[runtime::test]
fn a_declarative_module_has_the_twins() -> PyResult<()> {
    with_module(
        c"
def main(m):
    assert m.declared_twins.inside_sync() == 'inside'
    async def two():
        await asyncio.sleep(0)
        return 2
    assert m.declared_twins.awaits_sync(two) == 2
    async def cell():
        return m.declared_twins.awaits_sync(two) + await m.declared_twins.awaits(two)
    assert asyncio.run(cell()) == 4
",
    )
}
