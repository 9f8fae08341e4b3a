//! Rust futures that a thread of Python runs, or waits for.

use std::sync::Mutex;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_aio::TaskLocals;
use pyo3_aio::err::RustPanic;

use crate::conversions::{awaited, on_new_thread};
use crate::fixtures::drops::Drops;
use crate::fixtures::python::{call, function, python};
use crate::runtime;

#[runtime::test]
fn run_returns_what_the_future_does() {
    Python::attach(|py| {
        let text = runtime::run(py, async { Ok("no Python object".to_owned()) });
        assert_eq!(text.unwrap(), "no Python object");
        let error = runtime::run(py, async {
            PyResult::<()>::Err(PyValueError::new_err("mine"))
        });
        assert!(error.unwrap_err().is_instance_of::<PyValueError>(py));
    });
}

#[runtime::test]
fn run_cancels_and_awaits_what_is_left_over() -> PyResult<()> {
    let code = c"
seen = []
async def left_over():
    try:
        seen.append('started')
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0)
        seen.append('cleaned up')
async def started():
    while not seen:
        await asyncio.sleep(0)
";
    Python::attach(|py| {
        let names = python(py, code)?;
        let left_over = names.as_any().get_item("left_over")?.unbind();
        let started = names.as_any().get_item("started")?.unbind();
        runtime::run(py, async move {
            Python::attach(|py| {
                runtime::into_future(left_over.bind(py).call0()?)?.detach();
                runtime::into_future(started.bind(py).call0()?)
            })?
            .await
        })?;
        let seen: Vec<String> = names.get_item("seen")?.unwrap().extract()?;
        assert_eq!(seen, ["started", "cleaned up"]);
        Ok(())
    })
}

#[runtime::test]
async fn run_inside_a_running_loop_starts_nothing() -> PyResult<()> {
    let drops = Drops::default();
    let code = c"
async def main(f):
    try:
        f()
    except RuntimeError as error:
        assert 'running event loop' in str(error), error
    else:
        assert False
";
    let guard = Mutex::new(Some(drops.guard()));
    Python::attach(|py| {
        let names = python(py, code)?;
        let nested = function(py, move |py| {
            let guard = guard.lock().unwrap().take();
            runtime::run(py, async move {
                let _guard = guard;
                panic!("it was started");
            })
            .map(|()| py.None().into_bound(py))
        })?;
        runtime::into_future(call(&names, "main", nested)?)
    })?
    .await?;
    assert_eq!(drops.count(), 1);
    Ok(())
}

#[runtime::test]
fn run_until_complete_leaves_the_loop_usable() -> PyResult<()> {
    Python::attach(|py| {
        let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
        for number in 0..3 {
            let same = runtime::run_until_complete(event_loop.clone(), async move { Ok(number) })?;
            assert_eq!(same, number);
        }
        event_loop.call_method0("close")?;
        let closed = runtime::run_until_complete(event_loop, async { Ok(()) });
        assert!(closed.unwrap_err().is_instance_of::<PyRuntimeError>(py));
        Ok(())
    })
}

#[runtime::test]
fn block_on_lets_others_use_python_while_it_waits() -> PyResult<()> {
    Python::attach(|py| {
        let answer = runtime::block_on(py, async {
            let _ = runtime::spawn(async {}).await;
            Python::attach(|py| py.eval(c"6 * 7", None, None)?.extract::<u32>())
        })?;
        assert_eq!(answer, 42);
        let panicked = runtime::block_on::<_, ()>(py, async { panic!("in block_on") });
        let panicked = panicked.unwrap_err();
        assert!(panicked.is_instance_of::<RustPanic>(py));
        assert!(panicked.to_string().contains("in block_on"));
        Ok(())
    })
}

#[runtime::test]
async fn block_on_refuses_to_block_a_running_loop() -> PyResult<()> {
    let code = c"
async def main(f):
    try:
        f()
    except RuntimeError as error:
        assert 'await the future instead' in str(error), error
    else:
        assert False
";
    awaited(code, "main", |py| {
        function(py, |py| {
            runtime::block_on(py, async { Ok(()) })?;
            Ok(py.None().into_bound(py))
        })
    })
    .await?;
    Ok(())
}

/// Python code for the loop in the background.
const BACKGROUND: &std::ffi::CStr = c"
import contextvars, threading
variable = contextvars.ContextVar('variable', default='unset')
async def where(_):
    await asyncio.sleep(0)
    return threading.current_thread().name, variable.get()
";

/// Awaits `where` of the code in a future that has no loop.
fn where_it_runs(
    names: &Bound<'_, PyDict>,
) -> PyResult<impl Future<Output = PyResult<Place>> + use<>> {
    let function = names.get_item("where")?.unwrap().unbind();
    Ok(async move {
        // In a task that is spawned too.
        let spawned = runtime::spawn(async move {
            let awaited =
                Python::attach(|py| runtime::into_future(function.bind(py).call1((py.None(),))?));
            *PLACE.lock().unwrap() = Some(match awaited {
                Ok(awaited) => awaited.await,
                Err(error) => Err(error),
            });
        });
        let _ = spawned.await;
        let place = PLACE.lock().unwrap().take().unwrap()?;
        Python::attach(|py| place.extract(py))
    })
}

/// A thread's name and the value of a context variable.
type Place = (String, String);

/// The tests that use it do not run at once.
static PLACE: Mutex<Option<PyResult<Py<PyAny>>>> = Mutex::new(None);

#[runtime::test(serial)]
fn block_on_awaits_python_on_the_loop_in_the_background() -> PyResult<()> {
    on_new_thread(|py| {
        let names = python(py, BACKGROUND)?;
        let context = py.import("contextvars")?.call_method0("copy_context")?;
        let set = names.get_item("variable")?.unwrap().getattr("set")?;
        context.call_method1("run", (set, "set"))?;
        let locals = TaskLocals::new(py.None().into_bound(py)).with_context(context);
        let place = locals.run(py, |py| runtime::block_on(py, where_it_runs(&names)?))?;
        assert_eq!(
            place,
            ("pyo3_aio background loop".to_owned(), "set".to_owned())
        );
        let again = runtime::block_on(py, where_it_runs(&names)?)?;
        assert_eq!(again.1, "unset");
        Ok(())
    })
}

#[runtime::test(serial)]
fn a_synchronous_function_awaits_python_where_a_loop_runs() -> PyResult<()> {
    Python::attach(|py| {
        let names = python(py, BACKGROUND)?;
        py.run(
            c"
async def main(synchronous):
    return synchronous()
",
            Some(&names),
            None,
        )?;
        let names_of_function = names.clone().unbind();
        let synchronous = function(py, move |py| {
            let place =
                runtime::block_on_background(py, where_it_runs(names_of_function.bind(py))?)?;
            Ok(place.into_pyobject(py)?.into_any())
        })?;
        let main = call(&names, "main", synchronous)?;
        let place: Place = py
            .import("asyncio")?
            .call_method1("run", (main,))?
            .extract()?;
        assert_eq!(place.0, "pyo3_aio background loop");
        Ok(())
    })
}

#[runtime::test]
fn a_wait_on_the_loop_in_the_background_is_refused() -> PyResult<()> {
    on_new_thread(|py| {
        let names = python(
            py,
            c"
async def main(synchronous):
    try:
        synchronous()
    except RuntimeError as error:
        assert 'would block the loop in the background' in str(error), error
        return 'refused'
",
        )?;
        let synchronous = function(py, |py| {
            runtime::block_on_background(py, async { Ok(()) })?;
            Ok(py.None().into_bound(py))
        })?;
        let main = call(&names, "main", synchronous)?.unbind();
        let refused = runtime::block_on(py, async move {
            let locals = Python::attach(pyo3_aio::background_loop)?;
            let main = Python::attach(|py| {
                pyo3_aio::into_future_with_locals(&locals, main.into_bound(py))
            })?;
            main.await
        })?;
        assert_eq!(refused.extract::<String>(py)?, "refused");
        Ok(())
    })
}

#[runtime::test(serial)]
fn a_loop_in_the_background_that_is_stopped_is_replaced() -> PyResult<()> {
    on_new_thread(|py| {
        let names = python(py, BACKGROUND)?;
        let locals = pyo3_aio::background_loop(py)?;
        let first = locals.event_loop(py);
        first.call_method1("call_soon_threadsafe", (first.getattr("stop")?,))?;
        let sleep = py.import("time")?.getattr("sleep")?;
        while !first.call_method0("is_closed")?.is_truthy()? {
            sleep.call1((0.001,))?;
        }
        let place = runtime::block_on(py, where_it_runs(&names)?)?;
        assert_eq!(place.0, "pyo3_aio background loop");
        assert!(!pyo3_aio::background_loop(py)?.event_loop(py).is(&first));
        Ok(())
    })
}
