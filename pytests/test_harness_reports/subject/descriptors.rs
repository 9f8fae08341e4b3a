//! Tests whose prints reach the standard descriptors by all of Python's ways.

#![expect(clippy::print_stdout, reason = "this is what it is about")]

use pyo3::ffi::c_str;
use pyo3::prelude::*;
use pyo3::types::PyDict;

const PRINTS: &std::ffi::CStr = c_str!(
    "
import asyncio, atexit, ctypes, os, subprocess, sys, threading

async def prints():
    print('by print')
    print('half a line, ', end='')
    sys.__stdout__.write('past the proxy\\n')
    os.write(1, b'by os.write\\n')
    ctypes.CDLL(None).puts(b'by puts')
    subprocess.run(['echo', 'by a child'], check=True)
    child = await asyncio.create_subprocess_exec('echo', 'by another child')
    await child.wait()
    thread = threading.Thread(target=print, args=('by a thread',))
    thread.start()
    thread.join()
    atexit.register(print, 'at exit')
"
);

fn prints(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let globals = PyDict::new(py);
    py.run(PRINTS, Some(&globals), None)?;
    let prints = globals
        .get_item("prints")?
        .expect("the code above has defined it");
    prints.call0()
}

#[pyo3_aio::tokio::test]
async fn all_ways() -> PyResult<()> {
    let future = Python::attach(|py| pyo3_aio::tokio::into_future(prints(py)?))?;
    let task = tokio::spawn(async { println!("by a task") });
    task.await.expect("it does not panic");
    future.await.map(drop)
}

#[pyo3_aio::tokio::test]
async fn all_ways_again() -> PyResult<()> {
    let future = Python::attach(|py| pyo3_aio::tokio::into_future(prints(py)?))?;
    future.await.map(drop)
}
