//! Tests that put something else in the place of `sys.stdout` or `sys.stderr`.

use pyo3::ffi::c_str;
use pyo3::prelude::*;

use super::run_python;

#[pyo3_aio::tokio::test]
async fn a_replaces() -> PyResult<()> {
    run_python(c_str!("import io, sys; sys.stdout = io.StringIO()"))
}

#[pyo3_aio::smol::test]
fn b_finds_stdout() -> PyResult<()> {
    run_python(c_str!("print('printed as ever')"))
}

#[pyo3_aio::tokio::test]
#[should_panic]
async fn c_deletes_before_its_panic() {
    run_python(c_str!("import sys; del sys.stderr")).expect("the code is right");
    panic!("expected");
}

#[pyo3_aio::tokio::test]
fn d_finds_stderr() -> PyResult<()> {
    run_python(c_str!("import sys; print('told as ever', file=sys.stderr)"))
}

/// Two at a time: the second ends while the first has a stream in place, whereupon the third starts.
mod at_once {
    use std::ffi::CStr;

    use pyo3::ffi::c_str;
    use pyo3::prelude::*;
    use pyo3::types::PyDict;

    /// Awaits `main` of some Python code, which finds two events that the tests share.
    async fn run(code: &CStr) -> PyResult<()> {
        let main = Python::attach(|py| {
            let globals = PyDict::new(py);
            py.run(SHARED, Some(&globals), None)?;
            py.run(code, Some(&globals), None)?;
            let main = globals.get_item("main")?.expect("the code defines it");
            pyo3_aio::tokio::into_future(main.call0()?)
        })?;
        main.await.map(drop)
    }

    const SHARED: &CStr = c_str!(
        "
import asyncio, contextlib, io, sys
def event(name):
    return sys.__dict__.setdefault('test_' + name, asyncio.Event())
"
    );

    #[pyo3_aio::tokio::test]
    async fn a_redirects() -> PyResult<()> {
        run(c_str!(
            "
async def main():
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        event('redirected').set()
        await event('released').wait()
        print('redirected')
    assert out.getvalue() == 'redirected\\n', out.getvalue()
"
        ))
        .await
    }

    #[pyo3_aio::tokio::test]
    async fn b_finishes() -> PyResult<()> {
        run(c_str!("async def main(): await event('redirected').wait()")).await
    }

    #[pyo3_aio::tokio::test]
    async fn c_starts_thereupon() -> PyResult<()> {
        run(c_str!("async def main(): event('released').set()")).await
    }
}
