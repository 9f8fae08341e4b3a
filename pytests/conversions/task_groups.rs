//! Groups of Rust futures and Python tasks that are waited for.

use std::ffi::CStr;
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_aio::{PyFuture, TaskGroup, task_group};
use tokio::sync::oneshot;

use crate::fixtures::drops::Drops;
use crate::fixtures::python::python;
use crate::runtime;
use crate::runtime::call;

const CODE: &CStr = c"
events = []

async def cleans_up():
    try:
        events.append('started')
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.01)
        events.append('cleaned up')

async def fails_to_clean_up():
    try:
        events.append('started')
        await asyncio.sleep(60)
    finally:
        raise ValueError('in the clean-up')

async def returns():
    await asyncio.sleep(0.01)
    events.append('returned')

async def fails():
    await settles(1)
    raise ValueError('mine')

async def cancelled():
    events.append('cancelled')
    raise asyncio.CancelledError

async def settles(count):
    while len(events) < count:
        await asyncio.sleep(0)

def hear():
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(str(context['exception'])))
    return told

def unhear():
    asyncio.get_running_loop().set_exception_handler(None)
";

#[derive(Clone)]
struct Program(Arc<Py<PyDict>>);

impl Program {
    fn new() -> PyResult<Self> {
        Python::attach(|py| Ok(Self(Arc::new(python(py, CODE)?.unbind()))))
    }

    fn get(&self, name: &str) -> Py<PyAny> {
        Python::attach(|py| {
            let value = self.0.bind(py).get_item(name).unwrap();
            value.expect("the code defines it").unbind()
        })
    }

    fn start(&self, name: &str) -> PyResult<PyFuture> {
        call::<Py<PyAny>>(&self.get(name), ()).start()
    }

    /// Waits until there are so many events.
    async fn settles(&self, events: usize) -> PyResult<()> {
        call::<Py<PyAny>>(&self.get("settles"), (events,))
            .await
            .map(drop)
    }

    fn events(&self) -> Vec<String> {
        Python::attach(|py| self.get("events").extract(py).unwrap())
    }
}

fn mine<T>() -> PyResult<T> {
    Err(PyValueError::new_err("mine"))
}

#[runtime::test]
async fn a_group_waits_for_all_tasks() -> PyResult<()> {
    let program = Program::new()?;
    let returns = program.start("returns")?;
    let drops = Drops::default();
    let guard = drops.guard();
    let output = task_group(|group| async move {
        group.track(returns)?;
        let inner = group.clone();
        group.spawn(async move {
            runtime::run_on_loop(|_| Ok(())).await?;
            inner.spawn(async move {
                runtime::run_on_loop(|_| Ok(())).await?;
                drop(guard);
                Ok(())
            })
        })?;
        Ok(7)
    });
    assert_eq!(output.await?, 7);
    assert_eq!(program.events(), ["returned"]);
    assert_eq!(drops.count(), 1);
    assert_eq!(task_group(|_| ready(Ok(1))).await?, 1);
    Ok(())
}

/// The error of a group in which a coroutine cleans up, and a Rust future waits, until the body fails or adds what fails.
async fn error_of<F>(program: &Program, body: impl FnOnce(TaskGroup) -> F) -> PyResult<String>
where
    F: Future<Output = PyResult<()>>,
{
    let drops = Drops::default();
    let (guard, cleans_up) = (drops.guard(), program.start("cleans_up")?);
    let output = task_group(|group| async move {
        group.track(cleans_up)?;
        group.spawn(async move {
            let _guard = guard;
            pending().await
        })?;
        body(group).await
    });
    let error = output.await.unwrap_err().to_string();
    assert_eq!(drops.count(), 1);
    Ok(error)
}

#[runtime::test]
async fn a_group_whose_body_fails_cancels_the_tasks_and_waits_for_them() -> PyResult<()> {
    let program = Program::new()?;
    let started = program.clone();
    let error = error_of(&program, |_| async move {
        started.settles(1).await?;
        mine()
    });
    assert_eq!(error.await?, "ValueError: mine");
    assert_eq!(program.events(), ["started", "cleaned up"]);
    Ok(())
}

#[runtime::test]
async fn a_rust_future_that_fails_fails_the_group() -> PyResult<()> {
    let program = Program::new()?;
    let started = program.clone();
    let body_drops = Drops::default();
    let guard = body_drops.guard();
    let error = error_of(&program, |group| async move {
        group.spawn(async move {
            started.settles(1).await?;
            mine()
        })?;
        let _guard = guard;
        pending().await
    });
    assert_eq!(error.await?, "ValueError: mine");
    assert_eq!(program.events(), ["started", "cleaned up"]);
    assert_eq!(body_drops.count(), 1);
    Ok(())
}

#[runtime::test]
async fn a_python_task_that_fails_fails_the_group() -> PyResult<()> {
    let program = Program::new()?;
    let fails = program.start("fails")?;
    let error = error_of(&program, |group| async move { group.track(fails) });
    assert_eq!(error.await?, "ValueError: mine");
    assert_eq!(program.events(), ["started", "cleaned up"]);
    Ok(())
}

#[runtime::test]
async fn a_python_task_that_somebody_cancels_does_not_fail_the_group() -> PyResult<()> {
    let program = Program::new()?;
    let (cancelled, returns) = (program.start("cancelled")?, program.start("returns")?);
    let output = task_group(|group| async move {
        group.track(cancelled)?;
        group.track(returns)?;
        Ok(7)
    });
    assert_eq!(output.await?, 7);
    assert_eq!(program.events(), ["cancelled", "returned"]);
    Ok(())
}

#[runtime::test(serial)]
async fn an_error_in_the_clean_up_is_told_to_the_loop() -> PyResult<()> {
    let program = Program::new()?;
    let (hear, unhear) = (program.get("hear"), program.get("unhear"));
    let told = runtime::run_on_loop(move |py| hear.call0(py)).await?;
    let (fails, started) = (program.start("fails_to_clean_up")?, program.clone());
    let output = task_group::<_, ()>(|group| async move {
        group.track(fails)?;
        started.settles(1).await?;
        mine()
    });
    assert_eq!(output.await.unwrap_err().to_string(), "ValueError: mine");
    let told: Vec<String> = runtime::run_on_loop(move |py| {
        unhear.call0(py)?;
        told.extract(py)
    })
    .await?;
    assert_eq!(told, ["in the clean-up"]);
    Ok(())
}

#[runtime::test]
async fn a_group_that_has_ended_takes_no_tasks() -> PyResult<()> {
    let mut left = None;
    task_group(|group| {
        left = Some(group);
        ready(Ok(()))
    })
    .await?;
    let drops = Drops::default();
    let guard = drops.guard();
    let group = left.unwrap();
    let refused = group.spawn(async move {
        drop(guard);
        Ok(())
    });
    let error = refused.unwrap_err().to_string();
    assert!(error.contains("has ended"), "{error}");
    assert_eq!(drops.count(), 1);
    let program = Program::new()?;
    assert!(group.track(program.start("cleans_up")?).is_err());
    Ok(())
}

#[runtime::test]
async fn dropping_a_group_drops_and_cancels_the_tasks() -> PyResult<()> {
    let program = Program::new()?;
    let drops = Drops::default();
    let (guard, cleans_up) = (drops.guard(), program.start("cleans_up")?);
    let mut group = Box::pin(task_group::<_, ()>(|group| async move {
        group.track(cleans_up)?;
        group.spawn(async move {
            let _guard = guard;
            pending().await
        })?;
        pending().await
    }));
    let mut started = Box::pin(program.settles(1));
    poll_fn(|cx| {
        assert!(group.as_mut().poll(cx).is_pending());
        started.as_mut().poll(cx)
    })
    .await?;
    drop(group);
    assert_eq!(drops.count(), 1);
    program.settles(2).await?;
    assert_eq!(program.events(), ["started", "cleaned up"]);
    Ok(())
}

#[runtime::test]
fn a_panic_unwinds_through_the_group() {
    let drops = Drops::default();
    let guard = drops.guard();
    let mut group = Box::pin(task_group::<_, ()>(|group| async move {
        group.spawn(async move {
            let _guard = guard;
            pending().await
        })?;
        group.spawn(async { panic!("in a task of the group") })?;
        pending().await
    }));
    let polled = catch_unwind(AssertUnwindSafe(|| {
        let mut cx = Context::from_waker(Waker::noop());
        group.as_mut().poll(&mut cx).is_pending()
    }));
    assert!(polled.is_err());
    drop(group);
    assert_eq!(drops.count(), 1);
}

#[runtime::test]
async fn a_task_is_polled_when_its_own_waker_was_called() -> PyResult<()> {
    const TASKS: usize = 100;
    let polls = Arc::new(AtomicUsize::new(0));
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..TASKS).map(|_| oneshot::channel()).unzip();
    let counted = Arc::clone(&polls);
    let mut group = Box::pin(task_group(|group| async move {
        for mut receiver in receivers {
            let polls = Arc::clone(&counted);
            group.spawn(async move {
                poll_fn(|cx| {
                    polls.fetch_add(1, Ordering::SeqCst);
                    Pin::new(&mut receiver).poll(cx)
                })
                .await
                .unwrap();
                Ok(())
            })?;
        }
        Ok(())
    }));
    for sender in senders {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(group.as_mut().poll(&mut cx).is_pending());
        sender.send(()).unwrap();
    }
    group.await?;
    assert_eq!(polls.load(Ordering::SeqCst), 2 * TASKS);
    Ok(())
}

#[runtime::test]
async fn a_task_that_is_added_by_another_thread_wakes_the_group() -> PyResult<()> {
    let (sender, receiver) = oneshot::channel();
    let (ends, may_end) = oneshot::channel::<()>();
    std::thread::spawn(move || {
        let group: TaskGroup = receiver.blocking_recv().unwrap();
        let added = group.spawn(async move {
            ends.send(()).unwrap();
            Ok(())
        });
        added.unwrap();
    });
    task_group(|group| async move {
        assert!(sender.send(group).is_ok());
        may_end.await.unwrap();
        Ok(())
    })
    .await
}
