//! Exceptions and panics on their way through.

use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::{PyRuntimeError, PyStopIteration, PyValueError};
use pyo3::prelude::*;
use pyo3_aio::err::RustPanic;

use crate::conversions::awaited;
use crate::fixtures::python::{call, function, python};
use crate::fixtures::unconvertible::Unconvertible;
use crate::runtime;

#[runtime::test]
async fn an_exception_makes_the_round_trip_as_the_same_object() -> PyResult<()> {
    let code = c"
async def fails():
    try:
        1 / 0
    except ZeroDivisionError as cause:
        global raised
        raised = ValueError('round trip')
        raise raised from cause

async def main(f):
    try:
        await f(fails)
    except ValueError as error:
        assert error is raised
        assert isinstance(error.__cause__, ZeroDivisionError)
        frames, traceback = [], error.__traceback__
        while traceback:
            frames.append(traceback.tb_frame.f_code.co_name)
            traceback = traceback.tb_next
        assert 'fails' in frames and 'main' in frames, frames
    else:
        assert False
";
    Python::attach(|py| {
        let names = python(py, code)?;
        let fails = names.get_item("fails")?.unwrap().unbind();
        let through = pyo3::types::PyCFunction::new_closure(py, None, None, move |args, _| {
            let py = args.py();
            let fails = fails.clone_ref(py);
            runtime::future_into_py(py, async move {
                let future = Python::attach(|py| runtime::into_future(fails.bind(py).call0()?))?;
                future.await
            })
            .map(Bound::unbind)
        })?;
        runtime::into_future(call(&names, "main", through.into_any())?)
    })?
    .await
    .map(|_| ())
}

#[runtime::test]
async fn stop_iteration_becomes_a_runtime_error() -> PyResult<()> {
    let code = c"async def main(f): await f()";
    for coroutine in [false, true] {
        let error = awaited(code, "main", |py| {
            function(py, move |py| {
                let future = async { Err(PyStopIteration::new_err("over")) };
                if coroutine {
                    runtime::into_coroutine::<_, ()>(py, future)
                } else {
                    runtime::future_into_py::<_, ()>(py, future)
                }
            })
        });
        let error = error.await.unwrap_err();
        Python::attach(|py| {
            assert!(error.is_instance_of::<PyRuntimeError>(py));
            assert!(
                error
                    .cause(py)
                    .unwrap()
                    .is_instance_of::<PyStopIteration>(py)
            );
        });
    }
    Ok(())
}

#[runtime::test]
async fn a_cancelled_error_from_rust_is_a_cancellation() -> PyResult<()> {
    let code = c"
async def cancels_itself():
    raise asyncio.CancelledError('inner')
async def main(f):
    future = f()
    await asyncio.wait([future])
    assert future.cancelled()
    try:
        await future
    except asyncio.CancelledError as error:
        # Before 3.11 asyncio drops the message of a task that cancels itself.
        assert error.args == ('inner',) or sys.version_info < (3, 11)
    else:
        assert False
";
    Python::attach(|py| {
        let names = python(py, code)?;
        let inner = names.get_item("cancels_itself")?.unwrap().unbind();
        let through = function(py, move |py| {
            let inner = inner.clone_ref(py);
            runtime::future_into_py(py, async move {
                Python::attach(|py| runtime::into_future(inner.bind(py).call0()?))?.await
            })
        })?;
        runtime::into_future(call(&names, "main", through)?)
    })?
    .await?;
    Ok(())
}

// Others set the handler of the loop too.
#[runtime::test(serial)]
async fn an_error_that_nobody_sees_is_told_to_the_loop() -> PyResult<()> {
    let code = c"
async def main(f):
    loop, told = asyncio.get_running_loop(), loop_told
    future = f()
    await asyncio.wait([future])
    loop.set_exception_handler(lambda loop, context: told.append(context))
    try:
        del future
        gc.collect()
    finally:
        loop.set_exception_handler(None)
    assert [str(context['exception']) for context in told] == ['unseen'], told
loop_told = []
";
    awaited(code, "main", |py| {
        function(py, |py| {
            runtime::future_into_py::<_, ()>(py, async { Err(PyValueError::new_err("unseen")) })
        })
    })
    .await?;
    Ok(())
}

#[runtime::test]
async fn an_error_whose_arguments_panic_is_a_panic() -> PyResult<()> {
    let code = c"
async def main(f):
    await asyncio.wait([asyncio.ensure_future(f()) for _ in range(5)])
    await f()
";
    let error = awaited(code, "main", |py| {
        function(py, |py| {
            let unconvertible = || Err(PyValueError::new_err(Unconvertible));
            runtime::future_into_py::<_, ()>(py, async move { unconvertible() })
        })
    });
    let error = error.await.unwrap_err();
    Python::attach(|py| assert!(error.is_instance_of::<RustPanic>(py)));
    Ok(())
}

#[runtime::test]
async fn a_panic_is_raised_with_its_text() -> PyResult<()> {
    let code = c"
async def main(f):
    try:
        await f()
    except RustPanic as error:
        return str(error)
";
    for coroutine in [false, true] {
        let text = Python::attach(|py| {
            let names = python(py, code)?;
            names.set_item("RustPanic", py.get_type::<RustPanic>())?;
            let panics = function(py, move |py| {
                let future = async { panic!("the text {}", 1) };
                if coroutine {
                    runtime::into_coroutine::<_, ()>(py, future)
                } else {
                    runtime::future_into_py::<_, ()>(py, future)
                }
            })?;
            runtime::into_future(call(&names, "main", panics)?)
        })?
        .await?;
        let text = text.to_string();
        assert!(
            text.starts_with("rust future panicked: the text 1"),
            "{text}"
        );
    }
    Ok(())
}

#[runtime::test]
async fn a_panic_is_raised_with_its_place() {
    let code = c"async def main(f): await f()";
    for coroutine in [false, true] {
        let error = awaited(code, "main", |py| {
            function(py, move |py| {
                let future = async { panic!("the text") };
                if coroutine {
                    runtime::into_coroutine::<_, ()>(py, future)
                } else {
                    runtime::future_into_py::<_, ()>(py, future)
                }
            })
        });
        let error = error.await.unwrap_err();
        Python::attach(|py| assert!(error.is_instance_of::<RustPanic>(py), "{error}"));
        let text = error.to_string();
        let expected = format!("the text ({}:", file!());
        assert!(text.contains(&expected) && text.ends_with(')'), "{text}");
    }
}

#[runtime::test]
async fn a_panic_whose_payload_panics_is_raised() -> PyResult<()> {
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let code = c"
async def main(f):
    for awaitable in f():
        try:
            await awaitable
        except Exception as error:
            assert type(error).__name__ == 'RustPanic' and 'not a string' in str(error), error
        else:
            assert False
";
    awaited(code, "main", |py| {
        function(py, |py| {
            let panics = || async { panic::panic_any::<Payload>(Payload) };
            let future = runtime::future_into_py::<_, ()>(py, panics())?;
            let coroutine = runtime::into_coroutine::<_, ()>(py, panics())?;
            Ok((future, coroutine).into_pyobject(py)?.into_any())
        })
    })
    .await?;
    Ok(())
}

#[runtime::test]
async fn a_panic_in_a_conversion_is_raised() -> PyResult<()> {
    let code = c"async def main(f): await f()";
    let error = awaited(code, "main", |py| {
        function(py, |py| {
            runtime::future_into_py(py, async { Ok(Unconvertible) })
        })
    });
    let error = error.await.unwrap_err();
    Python::attach(|py| assert!(error.is_instance_of::<RustPanic>(py)));
    assert!(error.to_string().contains("no conversion"), "{error}");
    Ok(())
}

#[runtime::test]
async fn a_panic_in_python_code_reaches_the_rust_future() -> PyResult<()> {
    let code = c"
async def at_once(f):
    f()
async def later(f):
    await asyncio.sleep(0)
    f()
";
    for name in ["at_once", "later"] {
        let panicked = awaited(code, name, |py| function(py, |_| panic!("below Python")));
        let panicked = panicked.await.unwrap_err();
        Python::attach(|py| assert!(panicked.is_instance_of::<RustPanic>(py)));
    }
    Ok(())
}

// Others set the handler of the loop too.
#[runtime::test(serial)]
async fn a_callback_that_panics_harms_no_other_future() -> PyResult<()> {
    let code = c"
async def main(f):
    loop, told = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda loop, context: told.append(context))
    try:
        futures = [f() for _ in range(5)]
        for future in futures:
            future.add_done_callback(lambda _: panics())
            future.add_done_callback(lambda _: None)
        await asyncio.wait_for(asyncio.gather(*futures), 10)
        await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(None)
    assert len(told) == 5, told
";
    Python::attach(|py| {
        let names = python(py, code)?;
        names.set_item("panics", function(py, |_| panic!("in a callback"))?)?;
        let ready = function(py, |py| runtime::future_into_py(py, async { Ok(1) }))?;
        runtime::into_future(call(&names, "main", ready)?)
    })?
    .await?;
    Ok(())
}

/// The first polls of coroutines are on the thread of the loop. The second panic is raised again, as by a scope of threads:
/// no hook hears of it, so that it has no location.
#[runtime::test]
async fn a_panic_does_not_have_the_location_of_an_earlier_one() -> PyResult<()> {
    let code = c"
async def main(make):
    await make()
    try:
        await make()
    except Exception as error:
        assert str(error).endswith('raised again'), error
    else:
        assert False
";
    let calls = AtomicUsize::new(0);
    awaited(code, "main", |py| {
        function(py, move |py| {
            let is_first = calls.fetch_add(1, Ordering::SeqCst) == 0;
            runtime::into_coroutine(py, async move {
                match is_first {
                    true => drop(panic::catch_unwind(|| panic!("caught by the user"))),
                    false => panic::resume_unwind(Box::new("raised again")),
                }
                Ok(())
            })
        })
    })
    .await?;
    Ok(())
}
