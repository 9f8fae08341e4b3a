//! Tests that have values for themselves: a row of a table, and a task of Python's that beats until it is closed.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is what is looked at"
)]

use std::env;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::prelude::*;
use pyo3_aio::testing::{PerModule, PerTest};

use super::run_python;

/// Names what is to fail, as a variable of the environment.
const FAIL: &str = "PYO3_AIO_TEST_FAIL";

static HEART: PerTest<Py<PyAny>> = PerTest::new(&start_heart).with_close(&stop_heart);
static BODY: PerTest<Body> = PerTest::new(&make_body).with_close(&bury_body);

/// The number of the bodies that the tests of a module have had.
static BODIES: PerModule<AtomicUsize> = PerModule::new(&count).with_close(&say_count);

async fn count() -> PyResult<AtomicUsize> {
    tokio::spawn(async {}).await.expect("it ends");
    Ok(AtomicUsize::new(0))
}

async fn say_count(bodies: &AtomicUsize) -> PyResult<()> {
    if env::var_os("PYO3_AIO_TEST_SAY").is_some() {
        eprintln!("{} bodies", bodies.load(Ordering::SeqCst));
    }
    Ok(())
}

struct Body {
    heart: Arc<Py<PyAny>>,
}

async fn start_heart() -> PyResult<Py<PyAny>> {
    run_python(c"print('start heart')")?;
    let heart = Python::attach(|py| {
        let module = PyModule::from_code(py, HEART_CODE, c"heart.py", c"heart")?;
        let heart = module.call_method0("Heart")?.unbind();
        let started = heart.bind(py).call_method0("start")?;
        PyResult::Ok((heart, pyo3_aio::tokio::into_future(started)?))
    });
    let (heart, started) = heart?;
    started.await?;
    // The runtime of the test.
    tokio::task::yield_now().await;
    tokio::spawn(async {}).await.expect("it ends");
    may_fail("start heart")?;
    Ok(heart)
}

async fn stop_heart(heart: &Py<PyAny>) -> PyResult<()> {
    let stopped =
        Python::attach(|py| pyo3_aio::tokio::into_future(heart.bind(py).call_method0("stop")?))?;
    stopped.await?;
    tokio::spawn(async {}).await.expect("it ends");
    eprintln!("stopped");
    may_fail("stop heart")
}

const HEART_CODE: &std::ffi::CStr = c"
import asyncio

class Heart:
    async def start(self):
        self.task = asyncio.get_running_loop().create_task(self.beat())

    async def beat(self):
        while True:
            await asyncio.sleep(0.001)

    async def stop(self):
        assert asyncio.get_running_loop() is self.task.get_loop()
        self.task.cancel()
        await asyncio.wait([self.task])
        print('stop heart')
";

async fn make_body() -> PyResult<Body> {
    let heart = HEART.get().await?;
    BODIES.get().await?.fetch_add(1, Ordering::SeqCst);
    println!("make body");
    Ok(Body { heart })
}

async fn bury_body(body: &Body) -> PyResult<()> {
    let is_beating = Python::attach(|py| {
        let task = body.heart.bind(py).getattr("task")?;
        PyResult::Ok(!task.call_method0("done")?.is_truthy()?)
    })?;
    println!("bury body, whose heart beats: {is_beating}");
    if env::var_os("PYO3_AIO_TEST_SAY").is_some() {
        libtest_async::capture::Context::default().run(|| eprintln!("buried"));
    }
    may_fail("bury body")
}

fn may_fail(what: &str) -> PyResult<()> {
    let fault = env::var(FAIL).unwrap_or_default();
    assert_ne!(fault, format!("{what} panics"));
    match fault == what {
        true => Err(pyo3::exceptions::PyValueError::new_err(format!(
            "from {what}"
        ))),
        false => Ok(()),
    }
}

#[pyo3_aio::tokio::test]
async fn succeeds() -> PyResult<()> {
    let body = BODY.get().await?;
    assert!(Arc::ptr_eq(&body.heart, &HEART.get().await?));
    let other = tokio::spawn(libtest_async::capture::inherit(BODY.get()));
    assert!(Arc::ptr_eq(&body, &other.await.expect("it ends")?));
    Ok(())
}

#[pyo3_aio::tokio::test(loop = "own")]
async fn has_a_loop_of_its_own() -> PyResult<()> {
    BODY.get().await.map(drop)
}

#[pyo3_aio::tokio::test]
fn is_sync() -> PyResult<()> {
    BODY.get_blocking().map(drop)
}

#[pyo3_aio::tokio::test]
async fn is_skipped() -> PyResult<()> {
    BODY.get().await?;
    pyo3_aio::testing::skip!("for no reason")
}

mod fails {
    use pyo3::prelude::*;

    use super::BODY;

    #[pyo3_aio::tokio::test]
    async fn panics() -> PyResult<()> {
        BODY.get().await?;
        panic!("by itself")
    }

    #[pyo3_aio::tokio::test]
    fn panics_without_await() -> PyResult<()> {
        BODY.get_blocking()?;
        panic!("by itself")
    }

    #[pyo3_aio::tokio::test(timeout = "300ms")]
    async fn never_ends() -> PyResult<()> {
        BODY.get().await?;
        std::future::pending().await
    }
}

#[pyo3_aio::tokio::test]
async fn waits_for_ever() -> PyResult<()> {
    BODY.get().await?;
    println!("waiting");
    std::future::pending().await
}
