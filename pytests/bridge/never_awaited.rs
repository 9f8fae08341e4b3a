//! Coroutines that nobody awaits.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;
use pyo3_aio::PyFuture;

use crate::fixtures::python::{call, python};
use crate::runtime;

/// Fails if `use_coroutine` leaves a coroutine of Python, or one of Rust, that is never awaited.
fn assert_no_warning(use_coroutine: impl Fn(Bound<'_, PyAny>)) -> PyResult<()> {
    let code = c"
import warnings
async def of_python():
    return 1
catch = warnings.catch_warnings(record=True)
def begin(_):
    global caught
    caught = catch.__enter__()
    warnings.simplefilter('always')
def end(_):
    gc.collect()
    catch.__exit__(None, None, None)
    assert not caught, [str(one.message) for one in caught]
";
    Python::attach(|py| {
        let names = python(py, code)?;
        let none = || py.None().into_bound(py);
        call(&names, "begin", none())?;
        use_coroutine(names.as_any().get_item("of_python")?.call0()?);
        use_coroutine(runtime::into_coroutine(py, async { Ok(1) })?);
        call(&names, "end", none()).map(drop)
    })
}

#[runtime::test(serial)]
fn without_a_loop_into_future_closes_the_coroutine_and_says_what_to_do() -> PyResult<()> {
    for into_future in [runtime::into_future, pyo3_aio::into_future] {
        // No task of the library runs on this thread, as in a bare `tokio::spawn`.
        let bare = || {
            assert_no_warning(|coroutine| {
                let py = coroutine.py();
                let error = into_future(coroutine).unwrap_err();
                assert!(error.is_instance_of::<PyRuntimeError>(py));
                let text = error.value(py).to_string();
                for part in [
                    "no running event loop",
                    "`spawn`",
                    "`scope`",
                    "`into_future_with_locals`",
                ] {
                    assert!(text.contains(part), "{part}: {text}");
                }
            })
        };
        std::thread::scope(|scope| scope.spawn(bare).join().unwrap())?;
    }
    Ok(())
}

#[runtime::test(serial)]
async fn a_coroutine_that_no_task_can_be_made_of_is_closed() -> PyResult<()> {
    let code = c"
import warnings
async def of_python():
    return 1
async def main(convert):
    def fails(loop, coroutine, **others):
        raise KeyError('no task')
    loop = asyncio.get_running_loop()
    reported = []
    loop.set_exception_handler(lambda loop, context: reported.append(context['exception']))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        loop.set_task_factory(fails)
        convert(of_python())
        while not reported:
            await asyncio.sleep(0)
        loop.set_task_factory(None)
        loop.set_exception_handler(None)
        reported.clear()
        gc.collect()
    assert not caught, [str(one.message) for one in caught]
";
    let main = Python::attach(|py| {
        let convert = PyCFunction::new_closure(py, None, None, |args, _| {
            runtime::into_future(args.get_item(0)?).map(PyFuture::detach)
        })?;
        runtime::into_future(call(&python(py, code)?, "main", convert.into_any())?)
    })?;
    main.await.map(drop)
}
