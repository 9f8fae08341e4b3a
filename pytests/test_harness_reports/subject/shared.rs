//! Tests that share a value, and the functions before and after them.

use std::env;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_aio::testing::Shared;

/// Names what is to fail, as a variable of the environment.
const FAIL: &str = "PYO3_AIO_TEST_FAIL";
/// Asks for words on standard error.
const SAY: &str = "PYO3_AIO_TEST_SAY";

static VALUE: Shared<u32> = Shared::new(&open).with_close(&close);

async fn open() -> PyResult<u32> {
    say("open").await.map(|()| 1)
}

async fn close(_value: &u32) -> PyResult<()> {
    say("close").await
}

/// Says what is done if that is asked for, on the loop, and fails, panics or hangs if that is asked for.
#[expect(clippy::print_stderr, reason = "this is what is looked at")]
pub(super) async fn say(what: &'static str) -> PyResult<()> {
    let fault = env::var(FAIL).unwrap_or_default();
    let said = Python::attach(|py| {
        let names = PyDict::new(py);
        names.set_item("fails", fault == what)?;
        names.set_item("text", what)?;
        py.run(SPEAK, Some(&names), None)?;
        let speak = names.get_item("speak")?.expect("it is defined above");
        pyo3_aio::tokio::into_future(speak.call0()?)
    })?;
    said.await?;
    if env::var_os(SAY).is_some() {
        eprintln!("{what}");
    }
    assert_ne!(fault, format!("{what} panics"));
    if fault == format!("{what} hangs") {
        std::future::pending::<()>().await;
    }
    Ok(())
}

const SPEAK: &std::ffi::CStr = c"
import asyncio
async def speak():
    await asyncio.sleep(0)
    if fails:
        raise ValueError('from ' + text)
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

#[pyo3_aio::tokio::test]
#[expect(clippy::print_stdout, reason = "this is what is waited for")]
async fn waits_for_ever() -> PyResult<()> {
    VALUE.get().await?;
    println!("waiting");
    std::future::pending().await
}
