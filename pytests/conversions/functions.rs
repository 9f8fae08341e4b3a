//! Async functions of Rust that the attribute `pyfunction` makes functions of Python.

use std::ffi::CStr;
use std::sync::Mutex;
use std::time::Duration;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyModule;
use pyo3_aio::CancelHandle;

use crate::fixtures::python::{call, python};
use crate::runtime;

/// Gives up the thread, so that the runtime has the future.
async fn suspend() {
    let _ = runtime::spawn(async {}).await;
}

/// Fetches a page.
#[runtime::pyfunction]
#[pyo3(signature = (url, timeout=None, *parts, retries=3, **options), text_signature = "(url, ...)")]
async fn fetch(
    mut url: String,
    timeout: Option<f64>,
    parts: Vec<String>,
    retries: u8,
    options: Option<std::collections::BTreeMap<String, u8>>,
) -> PyResult<String> {
    suspend().await;
    url.push_str(&format!(" {timeout:?} {parts:?} {retries} {options:?}"));
    Ok(url)
}

#[runtime::pyfunction]
async fn nothing() {}

#[runtime::pyfunction]
async fn nothing_or_error(fails: bool) -> PyResult<()> {
    suspend().await;
    match fails {
        true => Err(PyValueError::new_err("why")),
        false => Ok(()),
    }
}

/// Not a `PyErr`, and an alias, which the attribute cannot see through.
type Parsed = Result<u32, std::num::ParseIntError>;

#[runtime::pyfunction]
async fn parse(text: String) -> Parsed {
    text.parse()
}

#[runtime::pyfunction]
async fn optional(value: Option<Vec<u8>>) -> Option<usize> {
    value.map(|value| value.len())
}

/// A parameter has the function's name, and the function a keyword for its own.
#[runtime::pyfunction]
async fn r#match(r#match: u8) -> u8 {
    r#match
}

#[runtime::pyfunction(name = "renamed", crate = "::pyo3_aio")]
async fn original() {
    suspend().await;
}

#[runtime::pyfunction]
#[pyo3(pass_module, name = "module_name")]
async fn name_of(module: Py<PyModule>) -> PyResult<String> {
    Python::attach(|py| module.bind(py).name()?.extract())
}

fn doubled(object: &Bound<'_, PyAny>) -> PyResult<u32> {
    Ok(object.extract::<u32>()? * 2)
}

#[runtime::pyfunction]
async fn converted(#[pyo3(from_py_with = doubled)] number: u32) -> u32 {
    number
}

static STARTED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

#[runtime::pyfunction(future)]
async fn start(id: u8) -> u8 {
    STARTED.lock().unwrap().push(id);
    id
}

#[runtime::pyfunction]
async fn careful(before: u8, #[pyo3(cancel_handle)] mut cancel: CancelHandle, after: u8) -> u8 {
    let _ = cancel.cancelled().await;
    before + after
}

#[runtime::pyfunction(future)]
async fn careful_future(#[pyo3(cancel_handle)] mut cancel: CancelHandle) -> u8 {
    let _ = cancel.cancelled().await;
    7
}

#[runtime::pyfunction]
async fn with_idle_handle(#[pyo3(cancel_handle)] cancel: CancelHandle) -> bool {
    cancel.is_cancelled()
}

/// Functions for a `#[pymodule] mod`: imported, and found by the attribute's name.
#[pymodule]
mod declared {
    use crate::runtime::pyfunction;

    #[pymodule_export]
    use super::{fetch, name_of};

    #[pyfunction]
    async fn inside() -> &'static str {
        "inside"
    }
}

/// Runs `main(module)` with all of the functions.
async fn with_module(code: &CStr) -> PyResult<()> {
    let future = Python::attach(|py| {
        let module = PyModule::new(py, "functions")?;
        module.add_function(wrap_pyfunction!(fetch, &module)?)?;
        module.add_function(wrap_pyfunction!(nothing, &module)?)?;
        module.add_function(wrap_pyfunction!(nothing_or_error, &module)?)?;
        module.add_function(wrap_pyfunction!(parse, &module)?)?;
        module.add_function(wrap_pyfunction!(optional, &module)?)?;
        module.add_function(wrap_pyfunction!(r#match, &module)?)?;
        module.add_function(wrap_pyfunction!(original, &module)?)?;
        module.add_function(wrap_pyfunction!(name_of, &module)?)?;
        module.add_function(wrap_pyfunction!(converted, &module)?)?;
        module.add_function(wrap_pyfunction!(start, &module)?)?;
        module.add_function(wrap_pyfunction!(careful, &module)?)?;
        module.add_function(wrap_pyfunction!(careful_future, &module)?)?;
        module.add_submodule(
            &pyo3::wrap_pymodule!(declared)(py)
                .into_bound(py)
                .cast_into()?,
        )?;
        let names = python(py, code)?;
        runtime::into_future(call(&names, "main", module.into_any())?)
    })?;
    future.await.map(drop)
}

#[runtime::test]
async fn a_call_returns_a_coroutine_with_the_name_of_the_function() -> PyResult<()> {
    let code = c"
async def main(m):
    coroutine = m.fetch('u')
    assert asyncio.iscoroutine(coroutine)
    assert coroutine.__name__ == coroutine.__qualname__ == 'fetch'
    assert await coroutine == 'u None [] 3 None'
    coroutine = m.renamed()
    assert coroutine.__name__ == m.renamed.__name__ == 'renamed'
    await coroutine
    assert not hasattr(m, 'original')
    assert await asyncio.create_task(m.match(match=4)) == 4
    coroutine = m.match(5)
    assert coroutine.__name__ == 'match' and await coroutine == 5
";
    with_module(code).await
}

#[runtime::test]
async fn arguments_are_those_of_pyo3() -> PyResult<()> {
    let code = c"
async def main(m):
    assert m.fetch.__doc__ == 'Fetches a page.' and m.fetch.__text_signature__ == '(url, ...)'
    assert await m.fetch('u', 2, 'a', 'b', retries=1, x=1) == 'u Some(2.0) [\"a\", \"b\"] 1 Some({\"x\": 1})'
    assert await m.module_name() == 'functions'
    assert await m.converted(21) == 42
    assert await m.optional(None) is None and await m.optional(b'abc') == 3
";
    with_module(code).await
}

#[runtime::test]
async fn a_wrong_argument_raises_at_the_call() -> PyResult<()> {
    let code = c"
async def main(m):
    for wrong in lambda: m.fetch(1), lambda: m.fetch(), lambda: m.converted('a'), lambda: m.start('a'):
        try:
            wrong()
        except TypeError:
            pass
        else:
            assert False
";
    with_module(code).await
}

#[runtime::test]
async fn return_types_are_those_of_pyo3() -> PyResult<()> {
    let code = c"
async def main(m):
    assert await m.nothing() is None
    assert await m.nothing_or_error(False) is None
    for failing, text in (m.nothing_or_error(True), 'why'), (m.parse('a'), 'invalid digit'):
        try:
            await failing
        except ValueError as error:
            assert text in str(error)
        else:
            assert False
    assert await m.parse('12') == 12
";
    with_module(code).await
}

#[runtime::test]
async fn a_future_starts_at_once() -> PyResult<()> {
    let code = c"
async def main(m):
    future = m.start(1)
    assert asyncio.isfuture(future)
    assert await future == 1
    future = m.start(2)
";
    with_module(code).await?;
    // Nobody has awaited the second.
    while !STARTED.lock().unwrap().contains(&2) {
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

#[runtime::test]
async fn a_cancel_handle_is_no_argument_of_python() -> PyResult<()> {
    let code = c"
async def main(m):
    for task in asyncio.create_task(m.careful(3, after=4)), m.careful_future():
        for _ in range(3):
            await asyncio.sleep(0)
        assert task.cancel()
        assert await task == 7
";
    with_module(code).await
}

#[runtime::test]
async fn a_declarative_module_has_the_functions() -> PyResult<()> {
    let code = c"
async def main(m):
    assert await m.declared.inside() == 'inside'
    assert await m.declared.fetch('u') == 'u None [] 3 None'
    assert await m.declared.module_name() == 'declared'
";
    with_module(code).await
}

/// CPython offers no way to mark a builtin function, so this is the way that the documentation names.
#[runtime::test]
async fn an_async_def_around_a_function_is_a_coroutine_function() -> PyResult<()> {
    let code = c"
import functools, inspect
async def main(m):
    @functools.wraps(m.fetch)
    async def fetch(*args, **kwargs):
        return await m.fetch(*args, **kwargs)
    assert inspect.iscoroutinefunction(fetch) and asyncio.iscoroutinefunction(fetch)
    assert fetch.__name__ == 'fetch' and await fetch('u', retries=1) == 'u None [] 1 None'
    try:
        m.fetch._is_coroutine = True
    except AttributeError:
        pass
    else:
        assert False
";
    with_module(code).await
}

#[runtime::test]
async fn rust_awaits_a_function_as_it_was_written() -> PyResult<()> {
    assert_eq!(optional(Some(vec![1, 2])).await, Some(2));
    assert!(parse("a".to_owned()).await.is_err());
    assert!(!with_idle_handle().await);
    let error = nothing_or_error(true).await.unwrap_err();
    Python::attach(|py| {
        assert!(error.is_instance_of::<PyValueError>(py));
        assert!(!error.is_instance_of::<PyTypeError>(py));
    });
    let spawned = runtime::spawn(fetch("u".to_owned(), Some(1.0), vec![], 2, None));
    let _ = spawned.await;
    Ok(())
}
