//! Rust streams as asynchronous generators.

use std::ffi::CStr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use pyo3::exceptions::{PyStopAsyncIteration, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyCFunction;
use pyo3_aio::err::RustPanic;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::fixtures::drops::Drops;
use crate::fixtures::python::{call, function, python};
use crate::runtime;
use crate::streams::{FromFn, numbers};

/// Compares the steps of an asynchronous generator of Python's with those of one around a Rust stream.
pub(crate) const STORY: &CStr = c"
import collections.abc, contextlib

async def of_python():
    for number in range(3):
        yield number

try:
    aclosing = contextlib.aclosing
except AttributeError:
    # Python 3.9.
    @contextlib.asynccontextmanager
    async def aclosing(thing):
        try:
            yield thing
        finally:
            await thing.aclose()

async def told(awaitable):
    try:
        return await awaitable
    except BaseException as error:
        return type(error).__name__, str(error), repr(error.__cause__)

async def story(make):
    said = []
    generator = make()
    said.append([isinstance(generator, collections.abc.AsyncGenerator), generator.__aiter__() is generator])
    said.append([item async for item in generator])
    said.append([await told(generator.__anext__()), await told(generator.asend(1)), await told(generator.aclose())])

    generator = make()
    said.append([await told(generator.asend(1)), await told(generator.asend(None)), await told(generator.asend(1))])
    said.append([await told(generator.aclose()), await told(generator.aclose()), await told(generator.__anext__())])

    generator = make()
    said.append([await told(generator.athrow(ValueError('fresh'))), await told(generator.__anext__())])

    generator = make()
    await generator.__anext__()
    said.append([await told(generator.athrow(ValueError, 'later')), await told(generator.__anext__())])

    # PEP 479: these are not taken for an end.
    for error in StopIteration(5), StopAsyncIteration(5):
        generator = make()
        await generator.__anext__()
        said.append([await told(generator.athrow(error)), await told(generator.__anext__())])

    generator = make()
    step = generator.__anext__()
    said.append([await told(step), await told(step)])
    close = generator.aclose()
    said.append([await told(close), await told(close)])

    generator = make()
    async with aclosing(generator):
        async for item in generator:
            break
    said.append([await told(generator.__anext__())])
    return said

async def main(make):
    expected, said = await story(of_python), await story(make)
    assert said == expected, (said, expected)
";

/// Awaits what `main(argument)` returns, on the loop of the test; `names` are further names for the code.
pub(super) async fn awaited<F>(
    code: &CStr,
    names: &[(&str, Py<PyAny>)],
    argument: F,
) -> PyResult<Py<PyAny>>
where
    F: for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>>,
{
    let future = Python::attach(|py| {
        let program = python(py, code)?;
        for (name, value) in names {
            program.set_item(name, value)?;
        }
        runtime::into_future(call(&program, "main", argument(py)?)?)
    })?;
    future.await
}

/// A stream of what is sent, and the function that sends.
pub(super) fn channel<'py>(
    py: Python<'py>,
    drops: &Drops,
) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let (sender, mut receiver): (_, UnboundedReceiver<PyResult<Py<PyAny>>>) = unbounded_channel();
    let mut stream = FromFn::new(move |cx: &mut Context<'_>| receiver.poll_recv(cx));
    stream.guard = Some(drops.guard());
    let send = PyCFunction::new_closure(py, None, None, move |args, _| -> PyResult<bool> {
        Ok(sender.send(Ok(args.get_item(0)?.unbind())).is_ok())
    })?;
    Ok((runtime::stream_into_py(py, stream)?, send.into_any()))
}

/// Awaits what `main(channel)` returns for such a pair.
pub(super) async fn with_channel(code: &CStr) -> PyResult<()> {
    let drops = Drops::default();
    awaited(code, &[], |py| {
        Ok(channel(py, &drops)?.into_pyobject(py)?.into_any())
    })
    .await
    .map(drop)
}

#[runtime::test]
async fn a_stream_behaves_as_a_generator_of_python_does() -> PyResult<()> {
    awaited(STORY, &[], |py| {
        function(py, |py| runtime::stream_into_py(py, numbers(3)))
    })
    .await
    .map(drop)
}

#[runtime::test]
async fn nothing_is_polled_unless_asked_for() -> PyResult<()> {
    let code = c"
async def main(generator):
    step = generator.__anext__()
    await asyncio.sleep(0.01)
    assert polls() == 0
    assert await step == 0
    assert polls() == 1
    async for number in generator:
        assert polls() == number + 1
";
    let stream = numbers(10);
    let polls = Arc::clone(&stream.polls);
    let polls = Python::attach(|py| {
        let polls = function(py, move |py| {
            Ok(polls.load(Ordering::SeqCst).into_pyobject(py)?.into_any())
        });
        polls.map(Bound::unbind)
    })?;
    awaited(code, &[("polls", polls)], |py| {
        runtime::stream_into_py(py, stream)
    })
    .await
    .map(drop)
}

#[runtime::test]
async fn an_awaitable_that_somebody_holds_is_finished_for_good() -> PyResult<()> {
    let code = c"
async def main(generator):
    held = [generator.__anext__()]
    assert await held[0] == 0
    # Nobody holds these two, of which one is given up before its first step.
    assert await generator.asend(None) == 1
    generator.__anext__()
    held.append(generator.__anext__())
    assert await held[1] == 2
    assert held[0] is not held[1]
    for awaitable in held:
        try:
            await awaitable
        except RuntimeError as error:
            assert str(error) == 'cannot reuse already awaited __anext__()/asend()'
        else:
            assert False
    assert [number async for number in generator] == [3, 4]
";
    awaited(code, &[], |py| runtime::stream_into_py(py, numbers(5)))
        .await
        .map(drop)
}

#[runtime::test]
fn a_ready_item_needs_no_loop_and_no_other_thread() -> PyResult<()> {
    let here = std::thread::current().id();
    let stream = FromFn::new(move |_: &mut Context<'_>| {
        assert_eq!(std::thread::current().id(), here);
        Poll::Ready(Some(Ok((1, "a tuple"))))
    });
    Python::attach(|py| {
        let generator = runtime::stream_into_py(py, stream)?;
        let end = generator
            .call_method0("__anext__")?
            .call_method1("send", (py.None(),))
            .unwrap_err();
        let item: (i32, String) = end.value(py).getattr("value")?.extract()?;
        assert_eq!(item, (1, "a tuple".to_owned()));
        Ok(())
    })
}

#[runtime::test]
async fn items_that_are_late_arrive_in_order() -> PyResult<()> {
    let code = c"
async def main(channel):
    generator, send = channel
    loop = asyncio.get_running_loop()
    got = []
    for number in range(100):
        step = asyncio.ensure_future(generator.__anext__())
        await asyncio.sleep(0)
        loop.run_in_executor(None, send, number)
        got.append(await step)
    assert got == list(range(100)), got
";
    with_channel(code).await
}

#[runtime::test]
async fn one_asks_at_a_time() -> PyResult<()> {
    let code = c"
async def main(channel):
    generator, send = channel
    step = asyncio.ensure_future(generator.__anext__())
    await asyncio.sleep(0)
    assert generator.ag_running
    said = []
    for awaitable in generator.__anext__(), generator.asend(None), generator.aclose(), generator.athrow(ValueError):
        try:
            await awaitable
        except RuntimeError as error:
            said.append(str(error))
    assert said == [f'{name}(): asynchronous generator is already running'
                    for name in ('anext', 'anext', 'aclose', 'athrow')], said
    send(1)
    assert await step == 1
    assert not generator.ag_running
";
    with_channel(code).await
}

#[runtime::test]
async fn aclose_the_end_and_the_collector_drop_the_stream() -> PyResult<()> {
    let code = c"
async def main(channel):
    generator, send = channel()
    await generator.aclose()
    assert drops() == 1 and not send(1)
    generator, send = channel()
    try:
        await generator.athrow(ValueError)
    except ValueError:
        assert drops() == 2
    else:
        assert False
    generator, send = channel()
    send(1)
    del generator
    gc.collect()
    assert drops() == 3
    generator, send = channel()
    step = asyncio.ensure_future(generator.__anext__())
    await asyncio.sleep(0)
    step.cancel()
    await asyncio.wait([step])
    del generator, step
    gc.collect()
    # Without the GIL a thread of the runtime may just be giving the stream back.
    for _ in range(1000):
        if drops() == 4:
            break
        await asyncio.sleep(0.01)
    assert drops() == 4
";
    let drops = Drops::default();
    let count = Python::attach(|py| drops.function(py).map(Bound::unbind))?;
    awaited(code, &[("drops", count)], |py| {
        function(py, move |py| {
            Ok(channel(py, &drops)?.into_pyobject(py)?.into_any())
        })
    })
    .await
    .map(drop)
}

#[runtime::test]
async fn an_error_is_raised_as_the_same_object_and_ends_the_generator() -> PyResult<()> {
    let code = c"
async def main(generator):
    try:
        await generator.__anext__()
    except ValueError as error:
        assert error is mine
    else:
        assert False
    try:
        await generator.__anext__()
    except StopAsyncIteration:
        return
    assert False
";
    let mine = Python::attach(|py| PyValueError::new_err("mine").into_value(py).into_any());
    let error = Python::attach(|py| PyErr::from_value(mine.bind(py).clone()));
    let error = Mutex::new(Some(error));
    let stream = FromFn::new(move |_: &mut Context<'_>| {
        let error = error.lock().unwrap().take();
        Poll::Ready(Some(error.map_or(Ok(1), Err)))
    });
    awaited(code, &[("mine", mine)], |py| {
        runtime::stream_into_py(py, stream)
    })
    .await
    .map(drop)
}

#[runtime::test]
async fn stop_async_iteration_from_rust_is_no_end() -> PyResult<()> {
    let code = c"
async def main(generator):
    async for _ in generator:
        pass
";
    let stream = FromFn::new(|_: &mut Context<'_>| {
        Poll::Ready(Some(PyResult::<()>::Err(PyStopAsyncIteration::new_err(
            "over",
        ))))
    });
    let error = awaited(code, &[], |py| runtime::stream_into_py(py, stream))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "RuntimeError: the Rust stream raised StopAsyncIteration"
    );
    Ok(())
}

#[runtime::test]
async fn a_panic_here_and_on_the_runtime_ends_the_generator() -> PyResult<()> {
    let code = c"
async def main(generator):
    try:
        await generator.__anext__()
    except RustPanic as error:
        assert 'the text' in str(error), error
    else:
        assert False
    try:
        await generator.__anext__()
    except StopAsyncIteration:
        return
    assert False
";
    for late in [false, true] {
        let drops = Drops::default();
        let panic = Python::attach(|py| py.get_type::<RustPanic>().into_any().unbind());
        let mut stream = FromFn::new({
            let mut is_first = true;
            move |cx: &mut Context<'_>| -> Poll<Option<PyResult<()>>> {
                if late && std::mem::take(&mut is_first) {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                panic!("the text")
            }
        });
        stream.guard = Some(drops.guard());
        awaited(code, &[("RustPanic", panic)], |py| {
            runtime::stream_into_py(py, stream)
        })
        .await?;
        assert_eq!(drops.count(), 1);
    }
    Ok(())
}

#[runtime::test]
fn a_closed_loop_drops_the_stream_with_the_generator() -> PyResult<()> {
    let drops = Drops::default();
    Python::attach(|py| {
        let code = c"
def main(channel):
    generator, send = channel
    loop = asyncio.new_event_loop()
    step = loop.create_task(generator.__anext__())
    # The step's first turn.
    loop.run_until_complete(asyncio.sleep(0))
    step._log_destroy_pending = False
    loop.close()
    del channel, generator, send, step, loop
    gc.collect()
";
        let names = python(py, code)?;
        let made = channel(py, &drops)?.into_pyobject(py)?.into_any();
        call(&names, "main", made)?;
        drops.wait_for(py, 1);
        Ok(())
    })
}
