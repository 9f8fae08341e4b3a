//! An example: a connection pool in Rust and a service in Python that all tests share, between a set-up and a tear-down.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::PyConnectionError;
use pyo3::prelude::*;
use pyo3_aio::testing::Shared;
use tokio::sync::{mpsc, oneshot};

/// A pool of connections; each is a task of the runtime that lives as long as the pool.
#[derive(Debug)]
struct Pool {
    connections: Vec<mpsc::Sender<Question>>,
    next: AtomicUsize,
}

type Question = (u32, oneshot::Sender<u32>);

/// The pool, which the first test that asks for it opens.
static POOL: Shared<Pool> = Shared::new(&open).with_close(&close);

/// Calls of `open`.
static OPENINGS: AtomicUsize = AtomicUsize::new(0);

/// Connects; what it spawns is on the library's own runtime and outlives the test that asks first.
async fn open() -> PyResult<Pool> {
    OPENINGS.fetch_add(1, Ordering::Relaxed);
    let connections = (0..2).map(|_| {
        let (sender, mut questions) = mpsc::channel::<Question>(1);
        tokio::spawn(async move {
            while let Some((number, answer)) = questions.recv().await {
                let _ = answer.send(number + 1);
            }
        });
        sender
    });
    Ok(Pool {
        connections: connections.collect(),
        next: AtomicUsize::new(0),
    })
}

/// Closes the pool after the last test. It gets a reference, since a test that timed out may still have one.
async fn close(pool: &Pool) -> PyResult<()> {
    for connection in &pool.connections {
        assert!(!connection.is_closed());
    }
    Ok(())
}

impl Pool {
    async fn increment(&self, number: u32) -> PyResult<u32> {
        let index = self.next.fetch_add(1, Ordering::Relaxed) % self.connections.len();
        let (sender, answer) = oneshot::channel();
        let gone = |_| PyConnectionError::new_err("the connection is closed");
        let sent = self.connections[index].send((number, sender)).await;
        sent.map_err(|_| PyConnectionError::new_err("the connection is closed"))?;
        answer.await.map_err(gone)
    }
}

/// A Python object, with a task on the event loop.
static SERVICE: Shared<Py<PyAny>> = Shared::new(&start_service).with_close(&stop_service);

async fn start_service() -> PyResult<Py<PyAny>> {
    let started = Python::attach(|py| {
        let class = py.import("service")?.getattr("Service")?;
        pyo3_aio::tokio::into_future(class.call_method0("start")?)
    })?;
    started.await
}

async fn stop_service(service: &Py<PyAny>) -> PyResult<()> {
    call(service, "stop", ()).await.map(drop)
}

/// Awaits a method of the service.
async fn call<A>(service: &Py<PyAny>, method: &'static str, arguments: A) -> PyResult<Py<PyAny>>
where
    A: for<'py> pyo3::call::PyCallArgs<'py>,
{
    let answer = Python::attach(|py| {
        pyo3_aio::tokio::into_future(service.bind(py).call_method1(method, arguments)?)
    })?;
    answer.await
}

async fn double(service: &Py<PyAny>, number: u32) -> PyResult<u32> {
    let answer = call(service, "double", (number,)).await?;
    Python::attach(|py| answer.extract(py))
}

#[pyo3_aio::tokio::test]
async fn a_test_asks_the_pool() -> PyResult<()> {
    assert_eq!(POOL.get().await?.increment(1).await?, 2);
    assert_eq!(OPENINGS.load(Ordering::Relaxed), 1);
    Ok(())
}

#[pyo3_aio::tokio::test]
async fn another_test_asks_the_same_pool() -> PyResult<()> {
    assert_eq!(POOL.get().await?.increment(2).await?, 3);
    assert_eq!(OPENINGS.load(Ordering::Relaxed), 1);
    Ok(())
}

#[pyo3_aio::tokio::test]
async fn a_test_asks_the_service_and_the_pool() -> PyResult<()> {
    let (service, pool) = (SERVICE.get().await?, POOL.get().await?);
    assert_eq!(pool.increment(double(service, 4).await?).await?, 9);
    Ok(())
}

#[pyo3_aio::async_std::test]
async fn a_test_on_another_runtime_asks_the_service() -> PyResult<()> {
    assert_eq!(double(SERVICE.get().await?, 5).await?, 10);
    Ok(())
}

/// Its own loop is on another thread, and the service stays on the main one.
#[pyo3_aio::tokio::test(loop = "uvloop")]
async fn a_test_on_another_loop_has_the_service_of_the_main_one() -> PyResult<()> {
    let service = SERVICE.get().await?;
    Python::attach(|py| {
        let task = service.bind(py).getattr("task")?;
        let main = &SET_UP.get().expect("the set-up came first").event_loop;
        assert!(task.call_method0("get_loop")?.is(main));
        Ok(())
    })
}

/// Nobody but the test that blocks asks for it.
static OWN_SERVICE: Shared<Py<PyAny>> = Shared::new(&start_service).with_close(&stop_service);

/// Without `await`; it is attached to Python, which the opening needs meanwhile.
#[pyo3_aio::tokio::test]
fn a_sync_test_blocks_for_the_service() -> PyResult<()> {
    assert_eq!(format!("{OWN_SERVICE:?}"), "Shared(None)");
    Python::attach(|py| {
        let service = OWN_SERVICE.get_blocking()?.bind(py);
        let is_done = service.getattr("task")?.call_method0("done")?;
        assert!(!is_done.extract::<bool>()?);
        assert_eq!(service.getattr("answered")?.extract::<u32>()?, 0);
        Ok(())
    })
}

/// Left by the set-up for the tests.
#[derive(Debug)]
struct SetUp {
    event_loop: Py<PyAny>,
    greeting: String,
}

static SET_UP: OnceLock<SetUp> = OnceLock::new();

/// Runs before the first test.
pub(crate) async fn set_up() -> PyResult<()> {
    let (event_loop, slept) = Python::attach(|py| {
        let asyncio = py.import("asyncio")?;
        let sleep = asyncio.call_method1("sleep", (0, "hello"))?;
        let event_loop = pyo3_aio::tokio::get_current_loop(py)?.unbind();
        PyResult::Ok((event_loop, pyo3_aio::tokio::into_future(sleep)?))
    })?;
    let greeting = slept.await?;
    let greeting = Python::attach(|py| greeting.extract(py))?;
    // The library's runtime is there.
    let set = tokio::spawn(async {
        let set_up = SetUp {
            event_loop,
            greeting,
        };
        SET_UP.set(set_up).is_ok()
    });
    assert!(set.await.is_ok_and(|is_first| is_first));
    Ok(())
}

#[pyo3_aio::tokio::test]
fn the_set_up_came_first() {
    let greeting = SET_UP.get().map(|set_up| set_up.greeting.as_str());
    assert_eq!(greeting, Some("hello"));
}

/// Runs after the last test, when the pool and the service are closed.
pub(crate) async fn tear_down() -> PyResult<()> {
    // Each worker of `--isolate` has a service, if one of its tests has asked for it.
    let closed = format!("{POOL:?} {SERVICE:?} {OWN_SERVICE:?}");
    assert_eq!(closed, "Shared(None) Shared(None) Shared(None)");
    Ok(())
}
