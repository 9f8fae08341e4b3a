//! Async functions of Python's that Rust calls and awaits.

use std::ffi::CStr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_aio::{PyFuture, TaskLocals};

use crate::fixtures::python::python;
use crate::runtime;
use crate::runtime::{call, call_method};

const CODE: &CStr = c"
import contextvars
variable = contextvars.ContextVar('variable', default='default')
error = ValueError('mine')
events = []

async def add(one, other, third=0):
    await asyncio.sleep(0)
    return one + other + third

class Account:
    async def balance(self, currency, *, factor=1):
        return len(currency) * factor

account = Account()

async def fails():
    raise error

def fails_at_once():
    raise error

def gathers():
    return asyncio.gather(add(1, 2), add(3, 4))

def creates_future():
    future = asyncio.get_running_loop().create_future()
    future.set_result(variable.get())
    return future

def not_async():
    return 1

async def generates():
    yield 1

async def forever():
    try:
        events.append('started')
        await asyncio.sleep(60)
    finally:
        events.append('ended')

async def settles(count):
    while len(events) < count:
        await asyncio.sleep(0)

async def returns_nothing():
    pass
";

struct Program(Py<PyDict>);

impl Program {
    fn new() -> PyResult<Self> {
        Python::attach(|py| Ok(Self(python(py, CODE)?.unbind())))
    }

    fn get(&self, name: &str) -> Py<PyAny> {
        Python::attach(|py| {
            let value = self.0.bind(py).get_item(name).unwrap();
            value.expect("the code defines it").unbind()
        })
    }

    fn events(&self) -> Vec<String> {
        Python::attach(|py| self.get("events").extract(py).unwrap())
    }
}

#[runtime::test]
async fn a_call_gives_the_extracted_result() -> PyResult<()> {
    let program = Program::new()?;
    let sum: u64 = call(&program.get("add"), (1, 2)).await?;
    assert_eq!(sum, 3);
    let sum = call::<u64>(&program.get("add"), (1,))
        .kwarg("other", 2)
        .kwarg(format!("{}ird", "th"), 3)
        .await?;
    assert_eq!(sum, 6);
    let account = program.get("account");
    let balance: usize = call_method(&account, "balance", ("EUR",)).await?;
    assert_eq!(balance, 3);
    let balance: f64 = call_method(&account, "balance", ("EUR",))
        .kwarg("factor", 1.5)
        .await?;
    assert!((balance - 4.5).abs() < 1e-9);
    let nothing: Option<u64> = call(&program.get("returns_nothing"), ()).await?;
    assert_eq!(nothing, None);
    call(&program.get("returns_nothing"), ())
        .without_result()
        .await?;
    let failed = call(&program.get("fails"), ()).without_result().await;
    assert!(failed.is_err());
    Ok(())
}

#[runtime::test]
async fn a_call_takes_any_function_that_returns_an_awaitable() -> PyResult<()> {
    let program = Program::new()?;
    let sums: Vec<u64> = call(&program.get("gathers"), ()).await?;
    assert_eq!(sums, [3, 7]);
    let value: String = call(&program.get("creates_future"), ()).await?;
    assert_eq!(value, "default");
    Ok(())
}

#[runtime::test]
async fn a_call_is_made_in_the_context_of_the_task() -> PyResult<()> {
    let program = Program::new()?;
    let locals = Python::attach(|py| {
        let context = py.import("contextvars")?.call_method0("Context")?;
        let set = program.get("variable").getattr(py, "set")?;
        context.call_method1("run", (set, "of the task"))?;
        let event_loop = runtime::get_current_loop(py)?;
        PyResult::Ok(TaskLocals::new(event_loop).with_context(context))
    })?;
    let creates_future = program.get("creates_future");
    let value: String = call(&creates_future, ()).with_locals(&locals).await?;
    assert_eq!(value, "of the task");
    let in_scope = async move { call::<String>(&creates_future, ()).await };
    assert_eq!(runtime::scope(locals, in_scope).await?, "of the task");
    Ok(())
}

#[runtime::test]
async fn errors_of_a_call_are_the_same_objects() -> PyResult<()> {
    let program = Program::new()?;
    let mine = program.get("error");
    for name in ["fails", "fails_at_once"] {
        let error = call::<u64>(&program.get(name), ()).await.unwrap_err();
        Python::attach(|py| assert!(error.value(py).is(&mine)));
    }
    let error = call::<u64>(&program.get("add"), ("one", "two"))
        .await
        .unwrap_err();
    Python::attach(|py| assert!(error.is_instance_of::<PyTypeError>(py), "{error}"));
    let error = call::<u64>(&program.get("add"), (1, 2))
        .kwarg("nonsense", 3)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("nonsense"), "{error}");
    Ok(())
}

#[runtime::test]
async fn a_call_of_a_function_that_is_not_async_names_the_way_out() -> PyResult<()> {
    let program = Program::new()?;
    for (name, way_out) in [("not_async", "run_on_loop"), ("generates", "into_stream")] {
        let error = call::<Py<PyAny>>(&program.get(name), ()).await.unwrap_err();
        Python::attach(|py| assert!(error.is_instance_of::<PyTypeError>(py), "{error}"));
        assert!(error.to_string().contains(way_out), "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    Ok(())
}

#[runtime::test]
async fn nothing_is_called_before_the_call_is_awaited() -> PyResult<()> {
    let program = Program::new()?;
    let forever = program.get("forever");
    drop(call::<Py<PyAny>>(&forever, ()));
    drop(call::<Py<PyAny>>(&forever, ()).into_future());
    call::<Py<PyAny>>(&program.get("add"), (1, 2)).await?;
    assert!(program.events().is_empty());
    Ok(())
}

#[runtime::test]
async fn a_call_that_is_dropped_cancels_the_task() -> PyResult<()> {
    let program = Program::new()?;
    let forever = program.get("forever");
    let mut pending = call::<Py<PyAny>>(&forever, ()).into_future();
    let settles = program.get("settles");
    let mut started = call::<Py<PyAny>>(&settles, (1,)).into_future();
    std::future::poll_fn(|cx| {
        assert!(pending.as_mut().poll(cx).is_pending());
        started.as_mut().poll(cx)
    })
    .await?;
    drop(pending);
    call::<Py<PyAny>>(&settles, (2,)).await?;
    assert_eq!(program.events(), ["started", "ended"]);
    Ok(())
}

#[runtime::test]
async fn a_call_that_has_started_can_be_cancelled_and_awaited() -> PyResult<()> {
    let program = Program::new()?;
    let forever = call::<Py<PyAny>>(&program.get("forever"), ()).start()?;
    call::<Py<PyAny>>(&program.get("settles"), (1,)).await?;
    forever.cancel_with_message("why");
    assert_eq!(
        forever.await.unwrap_err().to_string(),
        "CancelledError: why"
    );
    assert_eq!(program.events(), ["started", "ended"]);
    Ok(())
}

#[runtime::test]
async fn a_spawned_task_calls_on_the_loop_of_its_parent() -> PyResult<()> {
    let program = Program::new()?;
    let add = program.get("add");
    let (sender, sum) = tokio::sync::oneshot::channel();
    let _spawned = runtime::spawn(async move {
        let sum = call::<u64>(&add, (1, 2)).await;
        assert!(sender.send(sum).is_ok(), "the test waits for it");
    });
    assert_eq!(sum.await.unwrap()?, 3);
    Ok(())
}

#[runtime::test]
fn a_call_without_a_loop_is_an_error_that_names_the_way_out() -> PyResult<()> {
    let program = Program::new()?;
    let add = program.get("add");
    let elsewhere = std::thread::spawn(move || call::<u64>(&add, (1, 2)).start().unwrap_err());
    let error = elsewhere.join().unwrap();
    assert!(error.to_string().contains("spawn"), "{error}");
    let closed = Python::attach(|py| {
        let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
        event_loop.call_method0("close")?;
        PyResult::Ok(TaskLocals::new(event_loop))
    })?;
    let add = program.get("add");
    let error = call::<u64>(&add, (1, 2)).with_locals(&closed).start();
    let error = error.unwrap_err().to_string();
    assert_eq!(error, "RuntimeError: Event loop is closed");
    Ok(())
}

#[runtime::test]
fn a_loop_that_closes_before_the_call_is_an_error() -> PyResult<()> {
    let program = Program::new()?;
    let add = program.get("add");
    let (mut called, mut early) = Python::attach(|py| {
        let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
        let locals = TaskLocals::new(event_loop.clone());
        let called = call::<u64>(&add, (1, 2)).with_locals(&locals).start()?;
        event_loop.call_method0("close")?;
        let other = py.import("asyncio")?.call_method0("new_event_loop")?;
        let locals = TaskLocals::new(other.clone());
        let early = call::<u64>(&add, (1, 2)).with_locals(&locals).start()?;
        early.cancel_with_message("early");
        let sleep = py.import("asyncio")?.call_method1("sleep", (0.01,))?;
        other.call_method1("run_until_complete", (sleep,))?;
        other.call_method0("close")?;
        PyResult::Ok((called, early))
    })?;
    assert_eq!(text(&mut called), "RuntimeError: Event loop is closed");
    assert_eq!(text(&mut early), "CancelledError: early");
    Ok(())
}

/// The error of a future that is ready.
fn text(future: &mut PyFuture) -> String {
    let mut cx = Context::from_waker(Waker::noop());
    match Pin::new(future).poll(&mut cx) {
        Poll::Ready(output) => output.unwrap_err().to_string(),
        Poll::Pending => panic!("the future is pending"),
    }
}

#[runtime::test]
async fn a_conversion_of_an_argument_may_fail() -> PyResult<()> {
    struct Fails;
    impl<'py> IntoPyObject<'py> for Fails {
        type Target = PyAny;
        type Output = Bound<'py, PyAny>;
        type Error = PyErr;

        fn into_pyobject(self, _py: Python<'py>) -> PyResult<Self::Output> {
            Err(PyValueError::new_err("no such thing"))
        }
    }
    let program = Program::new()?;
    let add = program.get("add");
    let as_argument = call::<u64>(&add, (1, Fails)).await;
    let as_keyword = call::<u64>(&add, (1,)).kwarg("other", Fails).await;
    for called in [as_argument, as_keyword] {
        let error = called.unwrap_err().to_string();
        assert_eq!(error, "ValueError: no such thing");
    }
    Ok(())
}
