//! Users' futures that cannot be started, or are given up before they are done, are dropped detached from Python.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_core::Stream;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3_aio::generic::{self, ContextExt, Runtime};
use pyo3_aio::{TaskLocals, into_stream_with_locals};

use super::closed_loops::LOOPS;
use crate::fixtures::joins::{Joins, assert_joined, is_joined};
use crate::fixtures::python::{call, function, python, require};
use crate::runtime;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A future that is never ready, with such a value.
fn forever(tell: &mpsc::Sender<bool>) -> impl Future<Output = PyResult<()>> + Send + use<> {
    let value = Joins(tell.clone());
    async move {
        let _value = value;
        std::future::pending().await
    }
}

/// Fails unless it is an error, and the future was dropped as it has to be.
fn assert_refused<T>(py: Python<'_>, result: PyResult<T>, told: &mpsc::Receiver<bool>, text: &str) {
    let error = result.err().unwrap();
    assert!(error.value(py).to_string().contains(text), "{error}");
    assert_eq!(told.try_recv(), Ok(true), "{text}");
}

/// How a [`FakeRuntime`] is of no use.
trait Fault: Send + Sync + 'static {
    /// Answers whether the runtime is alive.
    fn ensure_alive() -> PyResult<()>;

    /// Gets the future that the runtime is to spawn.
    fn spawn(fut: impl Future<Output = ()>) {
        drop(fut);
    }

    /// Polls the future with these locals, by a function of the public interface.
    fn scope<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static;
}

/// A runtime that spawns no future.
struct FakeRuntime<U>(PhantomData<U>);

/// The runtime has been shut down.
struct ShutDown;

/// A fork has left the runtime's threads behind.
struct LeftBehind;

impl Fault for ShutDown {
    fn ensure_alive() -> PyResult<()> {
        Ok(())
    }

    fn scope<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        Box::pin(runtime::scope(locals, fut))
    }
}

impl Fault for LeftBehind {
    fn ensure_alive() -> PyResult<()> {
        Err(PyRuntimeError::new_err("left behind"))
    }

    fn scope<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        Box::pin(generic::scope::<runtime::Tokio, _, _>(locals, fut))
    }
}

/// The runtime polls a future once within `spawn`, and then drops it.
struct PolledOnce;

impl Fault for PolledOnce {
    fn ensure_alive() -> PyResult<()> {
        Ok(())
    }

    fn spawn(fut: impl Future<Output = ()>) {
        let _pending = pin!(fut).poll(&mut Context::from_waker(Waker::noop()));
    }

    fn scope<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        Box::pin(runtime::scope(locals, fut))
    }
}

impl<U: Fault> Runtime for FakeRuntime<U> {
    type JoinError = <runtime::Tokio as Runtime>::JoinError;
    type JoinHandle = <runtime::Tokio as Runtime>::JoinHandle;

    fn spawn<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        U::spawn(fut);
        runtime::Tokio::spawn(async {})
    }

    fn spawn_blocking<F>(f: F) -> Self::JoinHandle
    where
        F: FnOnce() + Send + 'static,
    {
        runtime::Tokio::spawn_blocking(f)
    }

    fn ensure_alive() -> PyResult<()> {
        U::ensure_alive()
    }
}

impl<U: Fault> ContextExt for FakeRuntime<U> {
    fn scope<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        U::scope(locals, fut)
    }

    fn get_task_locals() -> Option<TaskLocals> {
        None
    }
}

/// Calls `main(start)` of a program on a new event loop.
fn on_a_loop<F>(py: Python<'_>, code: &CStr, start: F) -> PyResult<()>
where
    F: for<'a> Fn(Python<'a>) -> PyResult<Bound<'a, PyAny>> + Send + Sync + 'static,
{
    let main = call(&python(py, code)?, "main", function(py, start)?)?;
    py.import("asyncio")?.call_method1("run", (main,)).map(drop)
}

#[runtime::test]
fn a_future_without_a_loop_is_dropped_detached_from_python() -> PyResult<()> {
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        Python::attach(|py| {
            let loopless = "no running event loop";
            let future = runtime::future_into_py(py, forever(&tell));
            assert_refused(py, future, &told, loopless);
            let future = runtime::future_into_py_cancellable(py, |_| forever(&tell));
            assert_refused(py, future, &told, loopless);
            let coroutine = runtime::into_coroutine(py, forever(&tell)).unwrap();
            let sent = coroutine.call_method1("send", (py.None(),));
            assert_refused(py, sent, &told, loopless);
        });
    })
    .join()
    .unwrap();
    Ok(())
}

#[runtime::test]
fn a_future_for_a_closed_loop_is_dropped_detached_from_python() -> PyResult<()> {
    let (tell, told) = mpsc::channel();
    Python::attach(|py| {
        let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
        event_loop.call_method0("close")?;
        let locals = TaskLocals::new(event_loop);
        let future = runtime::future_into_py_with_locals(py, locals, forever(&tell));
        assert_refused(py, future, &told, "Event loop is closed");
        Ok(())
    })
}

#[runtime::test]
fn a_loop_that_fails_to_watch_drops_futures_detached_from_python() -> PyResult<()> {
    let (tell, told) = mpsc::channel();
    Python::attach(|py| {
        let names = python(py, LOOPS)?;
        let event_loop = names.as_any().get_item("Unwatchable")?.call0()?;
        let locals = TaskLocals::new(event_loop.clone());
        let _future = runtime::future_into_py_with_locals(py, locals, forever(&tell))?;
        call(&names, "turn", event_loop.clone())?;
        // The runtime may be polling it just then.
        assert_joined(py, told);
        event_loop.call_method0("close").map(drop)
    })
}

#[runtime::test]
fn a_runtime_that_is_shut_down_drops_futures_detached_from_python() -> PyResult<()> {
    let (tell, told) = mpsc::channel();
    Python::attach(|py| {
        let code = c"
async def main(start):
    for _ in range(2):
        try:
            await asyncio.wait_for(start(), 10)
        except RuntimeError as error:
            assert 'its runtime was shut down' in str(error), error
        else:
            assert False
";
        let is_coroutine = Mutex::new(true);
        on_a_loop(py, code, move |py| {
            let mut is_coroutine = is_coroutine.lock().unwrap();
            *is_coroutine = !*is_coroutine;
            if *is_coroutine {
                generic::into_coroutine::<FakeRuntime<ShutDown>, _, _>(py, forever(&tell))
            } else {
                generic::future_into_py::<FakeRuntime<ShutDown>, _, _>(py, forever(&tell))
            }
        })?;
        assert_eq!(told.iter().take(2).collect::<Vec<_>>(), [true, true]);
        Ok(())
    })
}

#[runtime::test]
fn a_runtime_that_polls_a_future_within_spawn_and_drops_it_does_so_detached_from_python()
-> PyResult<()> {
    let (tell, told) = mpsc::channel();
    Python::attach(|py| {
        let code = c"
async def main(start):
    try:
        await asyncio.wait_for(start(), 10)
    except RuntimeError as error:
        assert 'its runtime was shut down' in str(error), error
    else:
        assert False
";
        on_a_loop(py, code, move |py| {
            generic::future_into_py::<FakeRuntime<PolledOnce>, _, _>(py, forever(&tell))
        })?;
        assert_eq!(told.try_recv(), Ok(true));
        Ok(())
    })
}

#[runtime::test]
fn a_runtime_that_was_left_behind_drops_futures_detached_from_python() -> PyResult<()> {
    let (tell, told) = mpsc::channel();
    Python::attach(|py| {
        let code = c"
async def main(start):
    try:
        await start()
    except RuntimeError as error:
        assert 'left behind' in str(error), error
    else:
        assert False
";
        let other = tell.clone();
        on_a_loop(py, code, move |py| {
            generic::future_into_py::<FakeRuntime<LeftBehind>, _, _>(py, forever(&other))
        })?;
        assert_eq!(told.try_recv(), Ok(true));
        on_a_loop(py, code, move |py| {
            generic::into_coroutine::<FakeRuntime<LeftBehind>, _, _>(py, forever(&tell))
        })?;
        assert_eq!(told.try_recv(), Ok(true));
        Ok(())
    })
}

#[runtime::test]
fn block_on_drops_what_it_refuses_detached_from_python() -> PyResult<()> {
    let (tell, told) = mpsc::channel();
    Python::attach(|py| {
        let code = c"
async def main(start):
    try:
        start()
    except RuntimeError as error:
        assert 'block_on() would block' in str(error), error
    else:
        assert False
";
        let other = tell.clone();
        on_a_loop(py, code, move |py| {
            runtime::block_on(py, forever(&other))?;
            Ok(py.None().into_bound(py))
        })?;
        assert_eq!(told.try_recv(), Ok(true));
        let blocked = generic::block_on::<FakeRuntime<ShutDown>, _, _>(py, forever(&tell));
        assert_refused(py, blocked, &told, "its runtime was shut down");
        Ok(())
    })
}

#[runtime::test]
fn a_throw_under_trio_is_raised_after_the_drop() -> PyResult<()> {
    require("trio");
    let (tell, told) = mpsc::channel();
    Python::attach(|py| {
        let code = c"
import trio
def main(functions):
    start, dropped = functions
    async def throws():
        coroutine = start()
        coroutine.send(None)
        await trio.sleep(0.01)
        try:
            coroutine.throw(KeyError('thrown'))
        except KeyError:
            pass
        else:
            assert False
        with trio.fail_after(10):
            while (is_joined := dropped()) is None:
                await trio.sleep(0)
            assert is_joined
        # Nothing is resumed that does not wait.
        await trio.sleep(0.05)
    trio.run(throws)
";
        let start = function(py, move |py| runtime::into_coroutine(py, forever(&tell)))?;
        let dropped = is_joined(py, told)?;
        let functions = (start, dropped).into_pyobject(py)?.into_any();
        call(&python(py, code)?, "main", functions).map(drop)
    })
}

/// Has its loop step a generator when it is dropped, and waits until that has been done.
struct Steps {
    step: Py<PyAny>,
    tell: mpsc::Sender<bool>,
    stepped: Mutex<mpsc::Receiver<()>>,
}

impl Wake for Steps {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Steps {
    fn drop(&mut self) {
        let _ = Python::attach(|py| self.step.call0(py));
        let stepped = self.stepped.get_mut().unwrap();
        let _ = self.tell.send(stepped.recv_timeout(TIMEOUT / 2).is_ok());
    }
}

#[runtime::test]
fn a_waker_of_a_stream_may_wait_for_the_loop_when_it_is_dropped() -> PyResult<()> {
    let code = c"
async def generator(loop, gate, stepped):
    await gate
    # After this turn, in which the item is added.
    loop.call_soon(stepped)
    yield 1
";
    let (tell, told) = mpsc::channel();
    let (on_step, stepped) = mpsc::channel();
    let (mut stream, step) = Python::attach(|py| {
        let stepped = function(py, move |py| {
            on_step.send(()).unwrap();
            Ok(py.None().into_bound(py))
        })?;
        let names = python(py, code)?;
        let event_loop = runtime::get_current_loop(py)?;
        names.set_item("loop", &event_loop)?;
        py.run(
            c"
gate = loop.create_future()
step = lambda: loop.call_soon_threadsafe(gate.set_result, None)
",
            Some(&names),
            None,
        )?;
        names.set_item("stepped", stepped)?;
        let generator = py.eval(c"generator(loop, gate, stepped)", Some(&names), None)?;
        let stream = into_stream_with_locals(TaskLocals::new(event_loop), generator)?;
        PyResult::Ok((stream, names.as_any().get_item("step")?.unbind()))
    })?;
    let waker = Waker::from(Arc::new(Steps {
        step,
        tell,
        stepped: Mutex::new(stepped),
    }));
    let first = Pin::new(&mut stream).poll_next(&mut Context::from_waker(&waker));
    assert!(first.is_pending());
    drop(waker);
    // It replaces the other, whose last clone the stream has.
    let second = Pin::new(&mut stream).poll_next(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(second, Poll::Pending));
    assert_eq!(told.try_recv(), Ok(true));
    Ok(())
}
