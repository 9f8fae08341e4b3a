//! Python tasks that Rust cancels, and whose end it awaits.

use std::ffi::CStr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};
use pyo3_aio::err::RustPanic;
use pyo3_aio::{PyFuture, TaskLocals};

use crate::conversions::awaited;
use crate::fixtures::python::{call, function, python};
use crate::runtime;

const CODE: &CStr = c"
events = []
running = asyncio.Event()
gate = asyncio.Event()

async def cleans_up(_):
    try:
        running.set()
        await asyncio.sleep(60)
    finally:
        events.append('cancelled')
        await gate.wait()
        events.append('cleaned up')

async def survives(_):
    try:
        running.set()
        await asyncio.sleep(60)
    except asyncio.CancelledError as error:
        return str(error)

async def never(_):
    events.append('started')

async def returns(_):
    running.set()
    return 'done'

async def waits(_):
    await running.wait()
    await asyncio.sleep(0)

async def settles(count):
    while len(events) < count:
        await asyncio.sleep(0)

async def opens(_):
    gate.set()
";

struct Program(Py<PyDict>);

impl Program {
    fn new() -> PyResult<Self> {
        Python::attach(|py| Ok(Self(python(py, CODE)?.unbind())))
    }

    fn start(&self, name: &str) -> PyResult<PyFuture> {
        self.start_with(name, 0)
    }

    fn start_with(&self, name: &str, argument: usize) -> PyResult<PyFuture> {
        Python::attach(|py| {
            let argument = argument.into_pyobject(py)?.into_any();
            runtime::into_future(call(self.0.bind(py), name, argument)?)
        })
    }

    /// Starts a coroutine, and waits until it awaits something.
    async fn running(&self, name: &str) -> PyResult<PyFuture> {
        let future = self.start(name)?;
        self.start("waits")?.await?;
        Ok(future)
    }

    fn events(&self) -> Vec<String> {
        Python::attach(|py| {
            let events = self.0.bind(py).get_item("events").unwrap().unwrap();
            events.extract().unwrap()
        })
    }
}

/// The exception's text, with the name of its class.
fn error(output: PyResult<Py<PyAny>>) -> String {
    output.unwrap_err().to_string()
}

#[runtime::test]
async fn a_cancelled_future_is_ready_when_the_coroutine_has_cleaned_up() -> PyResult<()> {
    let program = Program::new()?;
    let mut future = program.running("cleans_up").await?;
    future.cancel_with_message("out of time");
    program.start_with("settles", 1)?.await?;
    assert!(is_pending(&mut future));
    program.start("opens")?.await?;
    assert_eq!(error(future.await), "CancelledError: out of time");
    assert_eq!(program.events(), ["cancelled", "cleaned up"]);
    Ok(())
}

fn is_pending(future: &mut PyFuture) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    Pin::new(future).poll(&mut cx).is_pending()
}

#[runtime::test]
async fn a_cancelled_coroutine_decides_how_it_ends() -> PyResult<()> {
    let program = Program::new()?;
    let future = program.running("survives").await?;
    future.cancel_with_message("why");
    assert_eq!(future.await?.to_string(), "why");
    Ok(())
}

#[runtime::test]
fn a_coroutine_that_is_cancelled_before_its_start_takes_no_step() -> PyResult<()> {
    Python::attach(|py| {
        let (event_loop, names, mut future) = on_new_loop(py)?;
        future.cancel_with_message("early");
        let output = loop {
            let mut cx = Context::from_waker(Waker::noop());
            if let Poll::Ready(output) = Pin::new(&mut future).poll(&mut cx) {
                break error(output);
            }
            let sleep = py.import("asyncio")?.call_method1("sleep", (0,))?;
            event_loop.call_method1("run_until_complete", (sleep,))?;
        };
        assert_eq!(output, "CancelledError: early");
        event_loop.call_method0("close")?;
        assert!(names.get_item("events")?.unwrap().is_empty()?);
        PyResult::Ok(())
    })
}

/// Starts the coroutine `never` on a loop that does not run.
fn on_new_loop(py: Python<'_>) -> PyResult<(Bound<'_, PyAny>, Bound<'_, PyDict>, PyFuture)> {
    let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
    let names = python(py, CODE)?;
    let coroutine = call(&names, "never", py.None().into_bound(py))?;
    let locals = TaskLocals::new(event_loop.clone());
    let future = pyo3_aio::into_future_with_locals(&locals, coroutine)?;
    Ok((event_loop, names, future))
}

#[runtime::test]
async fn a_drop_after_a_cancellation_lets_the_coroutine_clean_up() -> PyResult<()> {
    let program = Program::new()?;
    let future = program.running("cleans_up").await?;
    future.cancel();
    program.start_with("settles", 1)?.await?;
    drop(future);
    program.start("opens")?.await?;
    program.start_with("settles", 2)?.await?;
    assert_eq!(program.events(), ["cancelled", "cleaned up"]);
    Ok(())
}

#[runtime::test]
async fn a_second_cancellation_interrupts_the_clean_up() -> PyResult<()> {
    let program = Program::new()?;
    let future = program.running("cleans_up").await?;
    future.cancel();
    program.start_with("settles", 1)?.await?;
    future.cancel_with_message("now");
    assert_eq!(error(future.await), "CancelledError: now");
    assert_eq!(program.events(), ["cancelled"]);
    Ok(())
}

#[runtime::test]
async fn a_detached_task_that_was_cancelled_is_cancelled() -> PyResult<()> {
    let program = Program::new()?;
    program.start("opens")?.await?;
    let future = program.running("cleans_up").await?;
    future.cancel();
    future.detach();
    program.start_with("settles", 2)?.await?;
    Ok(())
}

#[runtime::test]
async fn an_output_that_has_come_survives_a_cancellation() -> PyResult<()> {
    let program = Program::new()?;
    let future = program.running("returns").await?;
    future.cancel();
    assert_eq!(future.await?.to_string(), "done");
    Ok(())
}

#[runtime::test]
async fn a_future_of_python_is_cancelled_with_the_message() -> PyResult<()> {
    let (theirs, ours) = Python::attach(|py| {
        let theirs = runtime::get_current_loop(py)?.call_method0("create_future")?;
        let ours = runtime::into_future(theirs.clone())?;
        PyResult::Ok((theirs.unbind(), ours))
    })?;
    ours.cancel_with_message("why");
    assert_eq!(error(ours.await), "CancelledError: why");
    let is_cancelled = Python::attach(|py| theirs.call_method0(py, "cancelled")?.extract(py));
    assert!(is_cancelled.is_ok_and(|is_cancelled: bool| is_cancelled));
    Ok(())
}

#[runtime::test]
async fn an_awaitable_that_refuses_to_be_cancelled_runs_on() -> PyResult<()> {
    let code = c"
async def main(start):
    loop, told = asyncio.get_running_loop(), []
    class Stubborn(asyncio.Future):
        def cancel(self):
            raise ValueError('no')
    loop.set_exception_handler(lambda loop, context: told.append(context['exception']))
    stubborn = Stubborn()
    start(stubborn)
    while not told:
        await asyncio.sleep(0)
    loop.set_exception_handler(None)
    assert str(told[0]) == 'no'
    stubborn.set_result(None)
";
    awaited(code, "main", |py| {
        let start = PyCFunction::new_closure(py, None, None, |args, _| {
            let future = runtime::into_future(args.get_item(0)?)?;
            future.cancel();
            future.detach();
            PyResult::Ok(())
        })?;
        Ok(start.into_any())
    })
    .await?;
    Ok(())
}

#[runtime::test]
async fn a_panic_while_the_coroutine_cleans_up_is_the_output() -> PyResult<()> {
    let code = c"
async def panics_at_the_end(panics):
    try:
        await asyncio.sleep(60)
    finally:
        await panics()
";
    let future = Python::attach(|py| {
        let names = python(py, code)?;
        let panics = function(py, |py| {
            runtime::into_coroutine::<_, ()>(py, async { panic!("in the clean-up") })
        })?;
        runtime::into_future(call(&names, "panics_at_the_end", panics)?)
    })?;
    awaited(
        c"async def sleep(_): await asyncio.sleep(0)",
        "sleep",
        |py| Ok(py.None().into_bound(py)),
    )
    .await?;
    future.cancel();
    let panic = future.await.unwrap_err();
    Python::attach(|py| assert!(panic.is_instance_of::<RustPanic>(py), "{panic}"));
    Ok(())
}

#[runtime::test]
fn a_loop_that_closes_before_the_end_is_an_error() -> PyResult<()> {
    let mut future = Python::attach(|py| {
        let (event_loop, _names, future) = on_new_loop(py)?;
        future.cancel();
        event_loop.call_method0("close")?;
        PyResult::Ok(future)
    })?;
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(output) = Pin::new(&mut future).poll(&mut cx) else {
        panic!("the loop is closed");
    };
    assert_eq!(error(output), "RuntimeError: Event loop is closed");
    Ok(())
}
