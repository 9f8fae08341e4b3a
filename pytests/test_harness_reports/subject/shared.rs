//! Tests that share a value, and the functions before and after them.

use std::env;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_aio::testing::Shared;

/// Names what is to fail, as a variable of the environment.
const FAIL: &str = "PYO3_AIO_TEST_FAIL";
/// Asks for words on standard error.
const SAY: &str = "PYO3_AIO_TEST_SAY";
/// Names the pipe that a test writes to when it waits.
const FIFO: &str = "PYO3_AIO_TEST_FIFO";

static VALUE: Shared<u32> = Shared::new(&open).with_close(&close);

async fn open() -> PyResult<u32> {
    say("open").await.map(|()| 1)
}

async fn close(_value: &u32) -> PyResult<()> {
    say("close").await
}

/// Says what is done if that is asked for, on the loop, and fails, panics, hangs or is interrupted if that is asked for.
#[expect(clippy::print_stderr, reason = "this is what is looked at")]
pub(super) async fn say(what: &'static str) -> PyResult<()> {
    let fault = env::var(FAIL).unwrap_or_default();
    call_python(what, "speak", fault == what).await?;
    if env::var_os(SAY).is_some() {
        eprintln!("{what}");
    }
    if what == "teardown" && fault == "teardown asks" {
        Box::pin(VALUE.get()).await?;
    }
    assert_ne!(fault, format!("{what} panics"));
    if fault == format!("{what} exits with 0") {
        std::process::exit(0);
    }
    if fault == format!("{what} hangs") {
        std::future::pending::<()>().await;
    }
    if let Some(then) = fault.strip_prefix(&format!("{what} is interrupted and ")) {
        call_python(what, "interrupt", then).await?;
        eprintln!("{what} ends");
    }
    Ok(())
}

async fn call_python<A>(what: &str, function: &str, argument: A) -> PyResult<()>
where
    A: for<'py> IntoPyObject<'py>,
{
    let called = Python::attach(|py| {
        let names = PyDict::new(py);
        names.set_item("text", what)?;
        py.run(FUNCTIONS, Some(&names), None)?;
        let function = names.get_item(function)?.expect("it is defined below");
        pyo3_aio::tokio::into_future(function.call1((argument,))?)
    })?;
    called.await.map(drop)
}

/// `interrupt` does what Ctrl-C does, while the loop is between two callbacks; then it goes on as soon as the main thread
/// has the exception.
const FUNCTIONS: &std::ffi::CStr = c"
import asyncio, os, signal, sys

async def speak(fails):
    await asyncio.sleep(0)
    if fails:
        raise ValueError('from ' + text)

async def ctrl_c():
    loop = asyncio.get_running_loop()
    interrupted = asyncio.Event()
    def handler(*_):
        loop.call_soon(interrupted.set)
        raise KeyboardInterrupt
    signal.signal(signal.SIGINT, handler)
    loop.call_soon(os.kill, os.getpid(), signal.SIGINT)
    await interrupted.wait()

async def interrupt(then):
    try:
        # The cancellation may come at any await.
        await ctrl_c()
        if then == 'interrupted again':
            await ctrl_c()
        if then != 'ends':
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        print(text, 'is cancelled', file=sys.stderr)
        raise
";

#[pyo3_aio::tokio::test]
async fn asks() -> PyResult<()> {
    VALUE.get().await.map(drop)
}

#[pyo3_aio::tokio::test]
fn blocks() -> PyResult<()> {
    VALUE.get_blocking().map(drop)
}

/// A loop that runs on the thread may be what the opening needs.
#[pyo3_aio::tokio::test]
async fn would_block_the_loop() -> PyResult<()> {
    let error = Python::attach(|py| {
        let ask = pyo3::types::PyCFunction::new_closure(py, None, None, |_, _| {
            VALUE.get_blocking().copied()
        })?;
        let names = PyDict::new(py);
        names.set_item("ask", ask)?;
        py.run(c"async def main(): ask()", Some(&names), None)?;
        let main = names.get_item("main")?.expect("it is defined above");
        pyo3_aio::tokio::into_future(main.call0()?)
    })?;
    let error = error.await.expect_err("the loop runs there");
    assert!(error.to_string().contains("await get() instead"), "{error}");
    Ok(())
}

/// `waits_beside_a_failure` is under way.
static WAITS: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(0);

#[pyo3_aio::tokio::test]
async fn waits_beside_a_failure() -> PyResult<()> {
    struct Guard;
    impl Drop for Guard {
        #[expect(clippy::print_stderr, reason = "this is what is looked at")]
        fn drop(&mut self) {
            // Not captured: nobody shows the output of a test that has not ended.
            libtest_async::capture::Context::default().run(|| eprintln!("dropped"));
        }
    }
    let _guard = Guard;
    VALUE.get().await?;
    WAITS.add_permits(1);
    std::future::pending().await
}

#[pyo3_aio::tokio::test]
async fn waits_and_fails() {
    let _permit = WAITS.acquire().await;
    panic!("to be reported");
}

#[pyo3_aio::tokio::test]
#[expect(clippy::print_stdout, reason = "this is what is waited for")]
async fn waits_for_ever() -> PyResult<()> {
    VALUE.get().await?;
    println!("waiting");
    if let Some(fifo) = env::var_os(FIFO) {
        std::fs::write(fifo, "waiting")?;
    }
    std::future::pending().await
}
