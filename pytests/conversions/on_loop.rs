//! Functions that Rust has called on the thread of the event loop.

use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3_aio::TaskLocals;
use pyo3_aio::err::RustPanic;

use crate::conversions::awaited;
use crate::fixtures::drops::Drops;
use crate::fixtures::python::{call, function, python};
use crate::runtime;
use crate::runtime::run_on_loop;

fn thread_id(py: Python<'_>) -> PyResult<u64> {
    py.import("threading")?.call_method0("get_ident")?.extract()
}

#[runtime::test]
async fn a_function_runs_on_the_loops_thread_while_the_loop_runs() -> PyResult<()> {
    let code = c"
import threading
async def thread(_):
    return threading.get_ident()
";
    let expected = awaited(code, "thread", |py| Ok(py.None().into_bound(py))).await?;
    let expected: u64 = Python::attach(|py| expected.extract(py))?;
    let (thread, event_loop) = run_on_loop(|py| {
        let running = pyo3_aio::get_running_loop(py)?;
        Ok((thread_id(py)?, running.unbind()))
    })
    .await?;
    assert_eq!(thread, expected);
    Python::attach(|py| {
        assert!(runtime::get_current_loop(py).unwrap().is(&event_loop));
        assert_ne!(thread, thread_id(py).unwrap());
    });
    Ok(())
}

#[runtime::test]
async fn a_function_runs_in_the_context_of_the_task() -> PyResult<()> {
    let (variable, locals) = Python::attach(|py| {
        let contextvars = py.import("contextvars")?;
        let variable = contextvars.call_method1("ContextVar", ("variable",))?;
        let context = contextvars.call_method0("Context")?;
        context.call_method1("run", (variable.getattr("set")?, 1))?;
        let locals = TaskLocals::new(runtime::get_current_loop(py)?).with_context(context);
        PyResult::Ok((variable.unbind(), locals))
    })?;
    let get_and_set = run_on_loop(move |py| {
        let value: u64 = variable.call_method0(py, "get")?.extract(py)?;
        variable.call_method1(py, "set", (value + 1,))?;
        Ok((value, variable))
    });
    let (value, variable) = runtime::scope(locals.clone(), get_and_set).await?;
    assert_eq!(value, 1);
    Python::attach(|py| {
        let value = locals.run(py, |py| variable.call_method0(py, "get"))?;
        assert_eq!(value.extract::<u64>(py)?, 2);
        Ok(())
    })
}

/// A call that keeps the loop busy until the sender is dropped.
fn busy_loop() -> (
    Pin<Box<impl Future<Output = PyResult<()>>>>,
    mpsc::Sender<()>,
) {
    let (ends, may_end) = mpsc::channel();
    let mut call = Box::pin(run_on_loop(|py| {
        py.detach(move || assert!(may_end.recv().is_err()));
        Ok(())
    }));
    assert!(poll_once(call.as_mut()).is_pending());
    (call, ends)
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[runtime::test(serial)]
async fn functions_run_in_the_order_in_which_they_are_first_polled() -> PyResult<()> {
    let (busy, ends) = busy_loop();
    let (sender, order) = mpsc::channel();
    let call = |number| {
        let sender = sender.clone();
        Box::pin(run_on_loop(move |_| {
            sender.send(number).unwrap();
            Ok(())
        }))
    };
    let mut calls: Vec<_> = (0..10).map(call).collect();
    for call in calls.iter_mut().rev() {
        assert!(poll_once(call.as_mut()).is_pending());
    }
    drop(ends);
    busy.await?;
    for call in calls {
        call.await?;
    }
    drop(sender);
    let expected: Vec<_> = (0..10).rev().collect();
    assert_eq!(order.iter().collect::<Vec<_>>(), expected);
    Ok(())
}

#[runtime::test]
async fn the_errors_and_panics_of_a_function_are_those_of_its_future() -> PyResult<()> {
    let error = run_on_loop::<_, ()>(|_| Err(PyValueError::new_err("mine"))).await;
    assert_eq!(error.unwrap_err().to_string(), "ValueError: mine");
    let error = run_on_loop::<_, ()>(|_| panic!("on the loop")).await;
    let panic = error.unwrap_err();
    Python::attach(|py| assert!(panic.is_instance_of::<RustPanic>(py), "{panic}"));
    assert!(panic.to_string().contains("on the loop"), "{panic}");
    Ok(())
}

#[runtime::test(serial)]
async fn a_function_whose_future_is_dropped_is_not_called() -> PyResult<()> {
    let drops = Drops::default();
    let guard = drops.guard();
    let (busy, ends) = busy_loop();
    let (sender, called) = mpsc::channel();
    let mut call = Box::pin(run_on_loop(move |_| {
        let _guard = guard;
        sender.send(()).unwrap();
        Ok(())
    }));
    assert!(poll_once(call.as_mut()).is_pending());
    drop(call);
    drop(ends);
    busy.await?;
    run_on_loop(|_| Ok(())).await?;
    assert_eq!(drops.count(), 1);
    assert!(called.recv().is_err());
    Ok(())
}

#[runtime::test(serial)]
async fn a_value_that_nobody_waits_for_is_dropped() -> PyResult<()> {
    let drops = Drops::default();
    let guard = drops.guard();
    let (starts, has_started) = mpsc::channel();
    let (ends, may_end) = mpsc::channel::<()>();
    let mut call = Box::pin(run_on_loop(move |py| {
        starts.send(()).unwrap();
        py.detach(move || may_end.recv().unwrap());
        Ok(guard)
    }));
    assert!(poll_once(call.as_mut()).is_pending());
    has_started.recv().unwrap();
    drop(call);
    assert_eq!(drops.count(), 0);
    ends.send(()).unwrap();
    run_on_loop(|_| Ok(())).await?;
    assert_eq!(drops.count(), 1);
    Ok(())
}

#[runtime::test]
fn a_loop_that_closes_drops_the_function() -> PyResult<()> {
    let drops = Drops::default();
    let guard = drops.guard();
    let (mut call, event_loop) = Python::attach(|py| {
        let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
        let locals = TaskLocals::new(event_loop.clone());
        let call = run_on_loop(move |_| {
            drop(guard);
            Ok(())
        });
        let call = Box::pin(runtime::scope(locals, call));
        PyResult::Ok((call, event_loop.unbind()))
    })?;
    assert!(poll_once(call.as_mut()).is_pending());
    assert_eq!(drops.count(), 0);
    Python::attach(|py| event_loop.call_method0(py, "close"))?;
    assert_eq!(drops.count(), 1);
    let Poll::Ready(output) = poll_once(call.as_mut()) else {
        panic!("the loop is closed");
    };
    let error = output.unwrap_err().to_string();
    assert_eq!(error, "RuntimeError: Event loop is closed");
    Ok(())
}

#[runtime::test]
fn keyboard_interrupt_in_a_function_leaves_the_run_of_the_loop() -> PyResult<()> {
    let code = c"
async def main(calls):
    await calls()
def run(calls):
    try:
        asyncio.run(main(calls))
    except KeyboardInterrupt:
        return 'interrupted'
";
    Python::attach(|py| {
        let names = python(py, code)?;
        let calls = function(py, |py| {
            runtime::into_coroutine(py, async {
                run_on_loop::<_, ()>(|_| {
                    Err(pyo3::exceptions::PyKeyboardInterrupt::new_err("stop"))
                })
                .await
            })
        })?;
        assert_eq!(call(&names, "run", calls)?.to_string(), "interrupted");
        Ok(())
    })
}
