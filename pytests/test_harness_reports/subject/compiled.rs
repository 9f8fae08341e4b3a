//! Compiled code that coroutines call, and that no object of Python's sees print.

use pyo3::ffi::c_str;
use pyo3::prelude::*;
use pyo3::types::PyDict;

#[pyfunction]
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is what is captured"
)]
fn shout(name: &str, part: &str) {
    println!("{name}: {part}");
    eprintln!("{name}: {part}, error stream");
}

#[pyfunction]
fn fall(name: &str) {
    panic!("{name}: has fallen");
}

/// Runs in a coroutine, in callbacks and in an exception handler, at the same time as its sister.
async fn shout_as(name: &'static str) -> PyResult<()> {
    let main = Python::attach(|py| {
        let globals = PyDict::new(py);
        globals.set_item("name", name)?;
        globals.set_item("shout", wrap_pyfunction!(shout, py)?)?;
        globals.set_item("fall", wrap_pyfunction!(fall, py)?)?;
        py.run(SHOUTING, Some(&globals), None)?;
        let main = globals.get_item("main")?.expect("it is defined below");
        pyo3_aio::tokio::into_future(main.call0()?)
    })?;
    main.await.map(drop)
}

const SHOUTING: &std::ffi::CStr = c_str!(
    "
import asyncio, gc, os

class Awaitable:
    def __await__(self):
        shout(name, 'awaitable')
        yield

async def fails():
    raise ValueError(name + ': never retrieved')

async def main():
    shout(name, 'first step')
    loop = asyncio.get_running_loop()
    loop.call_soon(shout, name, 'callback')
    loop.call_later(0.001, shout, name, 'timer')
    for _ in range(20):
        shout(name, 'coroutine')
        os.write(1, (name + ': descriptor\\n').encode())
        await asyncio.sleep(0.001)
    await Awaitable()
    task = asyncio.ensure_future(fails())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
    gc.collect()
    fall(name)
"
);

#[pyo3_aio::tokio::test]
async fn one() -> PyResult<()> {
    shout_as("one").await
}

#[pyo3_aio::tokio::test]
async fn two() -> PyResult<()> {
    shout_as("two").await
}

/// A context need not be one of Python's.
#[pyo3_aio::tokio::test]
async fn has_a_context_of_its_own() -> PyResult<()> {
    let main = Python::attach(|py| {
        let globals = PyDict::new(py);
        py.run(OWN_CONTEXT, Some(&globals), None)?;
        let main = globals.get_item("main")?.expect("it is defined below");
        pyo3_aio::tokio::into_future(main.call0()?)
    })?;
    main.await.map(drop)
}

const OWN_CONTEXT: &std::ffi::CStr = c_str!(
    "
import asyncio

class Context:
    def run(self, callback, *args):
        callback(*args)

async def main():
    loop = asyncio.get_running_loop()
    called = loop.create_future()
    loop.call_soon(called.set_result, None, context=Context())
    await called
"
);

/// The thread of the loop does not wait for the lock that this test holds.
#[pyo3_aio::tokio::test(timeout = "1m")]
fn waits_for_the_loop_with_stdout_locked(event_loop: Py<PyAny>) -> PyResult<()> {
    let _locked = std::io::stdout().lock();
    Python::attach(|py| {
        let asyncio = py.import("asyncio")?;
        let sleep = asyncio.call_method1("sleep", (0.001,))?;
        let future = asyncio.call_method1("run_coroutine_threadsafe", (sleep, &event_loop))?;
        future.call_method0("result").map(drop)
    })
}
