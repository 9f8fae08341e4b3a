//! Asynchronous generators as Rust streams.

use std::ffi::{CStr, CString};
use std::time::Duration;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_aio::{PyStream, TaskLocals};

use crate::fixtures::loop_kinds;
use crate::runtime;
use crate::streams::generators::{eval, generators};
use crate::streams::{all, next};

fn stream(names: &Py<PyDict>, code: &CStr) -> PyStream {
    Python::attach(|py| runtime::into_stream(eval(py, names, code)).unwrap())
}

/// Awaits an expression on the loop of the test.
async fn awaited(names: &Py<PyDict>, code: &CStr) -> Py<PyAny> {
    let future = Python::attach(|py| runtime::into_future(eval(py, names, code)).unwrap());
    future.await.unwrap()
}

/// Waits until an expression is true.
async fn settles(names: &Py<PyDict>, condition: &CStr) {
    let condition = format!("settled(lambda: {})", condition.to_str().unwrap());
    let settled = awaited(names, &CString::new(condition).unwrap()).await;
    let seen = Python::attach(|py| eval(py, names, c"done").to_string());
    assert_eq!(settled.to_string(), "True", "{seen}");
}

fn numbers(items: Vec<PyResult<Py<PyAny>>>) -> Vec<usize> {
    Python::attach(|py| {
        let item = |item: PyResult<Py<PyAny>>| item.unwrap().extract(py).unwrap();
        items.into_iter().map(item).collect()
    })
}

fn is_send<T: Send + Unpin + 'static>() {}

#[runtime::test]
async fn every_item_arrives_in_order() -> PyResult<()> {
    is_send::<PyStream>();
    let names = Python::attach(generators)?;
    let items = all(stream(&names, c"count(1000)")).await;
    assert_eq!(numbers(items), (0..1000).collect::<Vec<_>>());
    let items = all(stream(&names, c"sleepy(50)")).await;
    assert_eq!(numbers(items), (0..50).collect::<Vec<_>>());
    assert!(all(stream(&names, c"count(0)")).await.is_empty());
    Ok(())
}

#[runtime::test]
async fn items_arrive_in_order_with_backpressure() -> PyResult<()> {
    let names = Python::attach(generators)?;
    let mut stream = stream(&names, c"count(1000)").with_read_ahead(128);
    settles(&names, c"len(done) >= 128").await;
    for taken in 1..=400 {
        let item = next(&mut stream).await.unwrap()?;
        let (item, ahead) = Python::attach(|py| {
            let done: usize = eval(py, &names, c"len(done)").extract()?;
            PyResult::Ok((item.extract::<usize>(py)?, done - taken))
        })?;
        assert_eq!(item, taken - 1);
        assert!(ahead <= 256, "{ahead} items ahead");
    }
    // The consumer has stopped, and so does the generator.
    settles(&names, c"len(done) >= 528").await;
    awaited(&names, c"asyncio.sleep(0.02)").await;
    let done: usize = Python::attach(|py| eval(py, &names, c"len(done)").extract())?;
    assert!(done <= 656, "{done}");
    Ok(())
}

/// How many items the generator has made that the consumer has not been given.
fn ahead(names: &Py<PyDict>, taken: usize) -> usize {
    let done: usize = Python::attach(|py| eval(py, names, c"len(done)").extract().unwrap());
    done - taken
}

#[runtime::test]
async fn a_consumer_that_takes_long_for_each_item_holds_few() -> PyResult<()> {
    let names = Python::attach(generators)?;
    let mut stream = stream(&names, c"count(1000)");
    for taken in 1..=80 {
        next(&mut stream).await.unwrap()?;
        std::thread::sleep(Duration::from_millis(5));
        let most = if taken <= 50 { 31 } else { 3 };
        assert!(ahead(&names, taken) <= most, "{}", ahead(&names, taken));
    }
    Ok(())
}

#[runtime::test]
async fn few_large_chunks_are_read_ahead() -> PyResult<()> {
    let names = Python::attach(generators)?;
    // Zeros, which take no memory until somebody looks at them.
    for (chunks, most) in [
        (c"chunks(bytes, 8 << 20)", 1),
        (c"chunks(bytearray, 600_000)", 3),
        (c"chunks(bytes, 1)", 256),
    ] {
        awaited(&names, c"asyncio.sleep(0, done.clear())").await;
        let mut stream = stream(&names, chunks);
        for taken in 1..=50 {
            next(&mut stream).await.unwrap()?;
            assert!(ahead(&names, taken) <= most, "{}", ahead(&names, taken));
        }
    }
    Ok(())
}

#[runtime::test]
async fn the_read_ahead_can_be_set() -> PyResult<()> {
    let names = Python::attach(generators)?;
    let mut one = stream(&names, c"count(1000)").with_read_ahead(0);
    for taken in 1..=300 {
        next(&mut one).await.unwrap()?;
        // Some may have come before it was set.
        let most = if taken < 16 { 16 } else { 1 };
        assert!(ahead(&names, taken) <= most, "{}", ahead(&names, taken));
    }
    drop(one);
    settles(&names, c"done[-1] == 'closed'").await;
    awaited(&names, c"asyncio.sleep(0, done.clear())").await;
    let wide = stream(&names, c"count(1000)");
    settles(&names, c"len(done) == 16").await;
    let wide = wide.with_read_ahead(300);
    settles(&names, c"len(done) == 300").await;
    drop(wide);
    settles(&names, c"done[-1] == 'closed'").await;
    assert_eq!(ahead(&names, 0), 301);
    Ok(())
}

#[runtime::test]
async fn an_error_of_the_generator_is_the_last_item() -> PyResult<()> {
    let names = Python::attach(generators)?;
    let mut items = all(stream(&names, c"fails(100)")).await;
    let error = items.pop().unwrap().unwrap_err();
    Python::attach(|py| assert!(error.value(py).is(eval(py, &names, c"mine"))));
    assert_eq!(numbers(items), (0..100).collect::<Vec<_>>());
    Ok(())
}

#[runtime::test]
async fn a_cancelled_generator_gives_cancelled_error() -> PyResult<()> {
    let names = Python::attach(generators)?;
    let items = all(stream(&names, c"cancels_itself()")).await;
    assert_eq!(items.len(), 2);
    let error = items[1].as_ref().unwrap_err().to_string();
    assert_eq!(error, "CancelledError: why");
    Ok(())
}

#[runtime::test]
async fn dropping_the_stream_runs_aclose() -> PyResult<()> {
    let names = Python::attach(generators)?;
    // While the buffer is full.
    let mut full = stream(&names, c"count(1000)").with_read_ahead(128);
    for _ in 0..3 {
        next(&mut full).await.unwrap()?;
    }
    settles(&names, c"len(done) >= 128").await;
    drop(full);
    settles(&names, c"done[-1] == 'closed'").await;
    Python::attach(|py| drop(eval(py, &names, c"done.clear()")));
    // Before it was started; then there is nothing to close. Without the GIL the loop may start it at once.
    if !cfg!(Py_GIL_DISABLED) {
        Python::attach(|py| {
            // The loop has no turn while this thread is attached.
            runtime::into_stream(eval(py, &names, c"count(1000)")).map(drop)
        })?;
        awaited(&names, c"asyncio.sleep(0.01)").await;
        Python::attach(|py| assert_eq!(eval(py, &names, c"done").to_string(), "[]"));
    }
    // While the generator awaits.
    let mut waiting = stream(&names, c"waits()");
    next(&mut waiting).await.unwrap()?;
    settles(&names, c"done == ['waits']").await;
    drop(waiting);
    settles(&names, c"done == ['waits', 'closed']").await;
    // An object that is no generator.
    let mut iterator = stream(&names, c"done.clear() or Iterator(100_000)");
    next(&mut iterator).await.unwrap()?;
    drop(iterator);
    settles(&names, c"done == ['closed']").await;
    Ok(())
}

// Others set the handler of the loop too.
#[runtime::test(serial)]
async fn a_generator_that_closes_badly_is_told_to_the_loop() -> PyResult<()> {
    let names = Python::attach(generators)?;
    awaited(&names, c"tell(done)").await;
    let mut stream = stream(&names, c"closes_badly()");
    next(&mut stream).await.unwrap()?;
    drop(stream);
    settles(&names, c"done and done[0]['exception'] is mine").await;
    awaited(&names, c"tell(None)").await;
    Ok(())
}

#[runtime::test]
async fn anything_that_async_for_takes_is_a_stream() -> PyResult<()> {
    let names = Python::attach(generators)?;
    assert_eq!(numbers(all(stream(&names, c"Iterable()")).await), [0, 1, 2]);
    assert_eq!(
        numbers(all(stream(&names, c"Iterator(3)")).await),
        [1, 2, 3]
    );
    let mut items = all(stream(&names, c"NoAwaitable()")).await;
    let error = items.pop().unwrap().unwrap_err();
    assert!(items.is_empty());
    assert!(
        error
            .to_string()
            .contains("received an invalid object from __anext__: int"),
        "{error}"
    );
    Python::attach(|py| {
        let error = runtime::into_stream(eval(py, &names, c"42")).unwrap_err();
        assert!(error.is_instance_of::<PyTypeError>(py));
        assert_eq!(eval(py, &names, c"done").to_string(), "['aiter']");
    });
    Ok(())
}

// Others set the handler of the loop too.
#[runtime::test(serial)]
async fn an_error_that_is_not_taken_is_told_to_the_loop() -> PyResult<()> {
    let names = Python::attach(generators)?;
    awaited(&names, c"tell(done)").await;
    let mut stream = stream(&names, c"fails(3)");
    for _ in 0..3 {
        next(&mut stream).await.unwrap()?;
    }
    drop(stream);
    settles(&names, c"done and done[0]['exception'] is mine").await;
    awaited(&names, c"tell(None)").await;
    Ok(())
}

#[runtime::test]
async fn a_generator_that_survives_the_cancellation_is_closed_without_one() -> PyResult<()> {
    let names = Python::attach(generators)?;
    let mut stream = stream(&names, c"survives()");
    next(&mut stream).await.unwrap()?;
    settles(&names, c"done == ['waits']").await;
    drop(stream);
    settles(&names, c"done == ['waits', 0]").await;
    Ok(())
}

#[runtime::test]
async fn what_await_does_wrong_is_told_as_by_async_for() -> PyResult<()> {
    let names = Python::attach(generators)?;
    for code in [c"Awaits(lambda: 'x'.missing)", c"Awaits(list)"] {
        let iterable = Python::attach(|py| {
            let iterable = eval(py, &names, code);
            names.bind(py).set_item("iterable", &iterable)?;
            runtime::into_stream(iterable)
        })?;
        let error = all(iterable).await.pop().unwrap().unwrap_err();
        let expected = awaited(&names, c"error_of(iterable)").await.to_string();
        let error = Python::attach(|py| {
            let told = eval(py, &names, c"told").call1((error.value(py),))?;
            PyResult::Ok(told.to_string())
        })?;
        assert_eq!(error, expected);
    }
    Ok(())
}

#[runtime::test]
async fn the_generator_runs_in_a_task_and_in_the_context_of_the_locals() -> PyResult<()> {
    let names = Python::attach(generators)?;
    let stream = Python::attach(|py| {
        let context = py.import("contextvars")?.call_method0("copy_context")?;
        context.call_method1("run", (eval(py, &names, c"variable.set"), "mine"))?;
        let locals = runtime::get_current_locals(py)?.with_context(context);
        runtime::into_stream_with_locals(locals, eval(py, &names, c"reads()"))
    })?;
    let items: Vec<_> = all(stream)
        .await
        .into_iter()
        .map(|item| item.unwrap().to_string())
        .collect();
    assert_eq!(items, ["mine", "mine", "Task"]);
    Ok(())
}

// Others set the handler of the loop too.
#[runtime::test(serial)]
async fn a_stream_of_items_ends_at_an_error_that_the_loop_is_told() -> PyResult<()> {
    let names = Python::attach(generators)?;
    awaited(&names, c"tell(done)").await;
    let stream = Python::attach(|py| runtime::into_stream_v2(eval(py, &names, c"fails(3)")))?;
    assert_eq!(
        numbers(all(stream).await.into_iter().map(Ok).collect()),
        [0, 1, 2]
    );
    settles(&names, c"done and done[0]['exception'] is mine").await;
    awaited(&names, c"tell(None)").await;
    let same = Python::attach(|py| runtime::into_stream_v1(eval(py, &names, c"count(3)")))?;
    assert_eq!(numbers(all(same).await), [0, 1, 2]);
    Ok(())
}

#[runtime::test]
async fn a_stream_goes_to_python_and_back() -> PyResult<()> {
    let names = Python::attach(generators)?;
    let inner = stream(&names, c"sleepy(100)");
    let outer = Python::attach(|py| runtime::into_stream(runtime::stream_into_py(py, inner)?))?;
    assert_eq!(numbers(all(outer).await), (0..100).collect::<Vec<_>>());
    Ok(())
}

#[runtime::test]
fn the_end_of_the_loop_is_an_error() -> PyResult<()> {
    let (send, outcome) = std::sync::mpsc::channel();
    Python::attach(|py| {
        let names = generators(py)?;
        let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
        let locals = TaskLocals::new(event_loop.clone());
        let generator = eval(py, &names, c"waits()");
        let stream = runtime::into_stream_with_locals(locals.clone(), generator)?;
        runtime::spawn(async move { send.send(all(stream).await).unwrap() });
        let settled = eval(py, &names, c"settled(lambda: done == ['waits'])");
        let settled = event_loop.call_method1("run_until_complete", (settled,))?;
        assert!(settled.is_truthy()?);
        event_loop.call_method0("close")?;
        let mut items = py.detach(move || outcome.recv()).unwrap();
        let error = items.pop().unwrap().unwrap_err();
        assert!(
            error.to_string().contains("Event loop is closed"),
            "{error}"
        );
        assert_eq!(items.len(), 1);
        let error = runtime::into_stream_with_locals(locals, eval(py, &names, c"count(1)"));
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("Event loop is closed")
        );
        Ok(())
    })
}

#[runtime::test]
fn uvloop_runs_a_generator() -> PyResult<()> {
    let make_loop = loop_kinds::uvloop();
    Python::attach(|py| {
        let names = generators(py)?;
        let event_loop = py.eval(make_loop, None, None)?.call0()?;
        let locals = TaskLocals::new(event_loop.clone());
        let stream = runtime::into_stream_with_locals(locals, eval(py, &names, c"sleepy(100)"))?;
        let count =
            runtime::run_until_complete(event_loop.clone(), async { Ok(all(stream).await.len()) })?;
        assert_eq!(count, 100);
        event_loop.call_method0("close").map(drop)
    })
}

#[runtime::test]
fn asyncio_run_cancels_a_generator_that_is_left() -> PyResult<()> {
    Python::attach(|py| {
        let names = generators(py)?;
        let generators = names.clone_ref(py);
        let left = runtime::run(py, async move {
            let mut stream = stream(&generators, c"waits()");
            next(&mut stream).await.unwrap()?;
            settles(&generators, c"done == ['waits']").await;
            Ok(std::sync::Mutex::new(stream))
        })?;
        assert_eq!(eval(py, &names, c"done").to_string(), "['waits', 'closed']");
        let mut stream = left.into_inner().unwrap();
        let waker = std::task::Waker::noop();
        let last = futures_core::Stream::poll_next(
            std::pin::Pin::new(&mut stream),
            &mut std::task::Context::from_waker(waker),
        );
        let std::task::Poll::Ready(Some(Err(error))) = last else {
            panic!("{last:?}");
        };
        assert_eq!(error.to_string(), "CancelledError: ");
        Ok(())
    })
}
