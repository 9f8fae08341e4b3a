//! Users' values that Python does not get are dropped detached from Python.

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3_aio::TaskLocals;
use pyo3_aio::err::RustPanic;
use tokio::sync::oneshot;

use crate::fixtures::joins::{Joins, assert_joined, is_joined};
use crate::fixtures::python::{call, function, python};
use crate::fixtures::unconvertible::Unconvertible;
use crate::runtime;

const TIMEOUT: Duration = Duration::from_secs(10);

impl<'py> IntoPyObject<'py> for Joins {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, _py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        panic!("nobody wants it")
    }
}

#[runtime::test]
fn a_closed_loop_drops_an_idle_future_detached_from_python() -> PyResult<()> {
    let (tell, told) = mpsc::channel();
    Python::attach(|py| {
        let start = function(py, move |py| {
            let value = Joins(tell.clone());
            runtime::future_into_py(py, async move {
                let _value = value;
                std::future::pending::<PyResult<()>>().await
            })
        })?;
        let code = c"
def main(start):
    async def main():
        start()
    asyncio.run(main())
";
        call(&python(py, code)?, "main", start)?;
        assert_joined(py, told);
        Ok(())
    })
}

#[runtime::test]
fn a_closed_loop_drops_what_it_has_not_delivered_detached_from_python() -> PyResult<()> {
    let (tell, told) = mpsc::channel();
    let (open, opened) = oneshot::channel::<()>();
    let (open, opened) = (Mutex::new(Some(open)), Mutex::new(Some(opened)));
    Python::attach(|py| {
        let start = function(py, move |py| {
            let value = Joins(tell.clone());
            let opened = opened.lock().unwrap().take().unwrap();
            runtime::future_into_py(py, async move {
                opened.await.unwrap();
                Ok(value)
            })
        })?;
        let finish = function(py, move |py| {
            open.lock().unwrap().take().unwrap().send(()).unwrap();
            Ok(py.None().into_bound(py))
        })?;
        let code = c"
def main(functions):
    start, finish = functions
    async def main():
        start()
        await asyncio.sleep(0)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    finish()
    # The loop stands still; it is woken when the value is to be delivered.
    assert loop._selector.select(10)
    loop.close()
";
        let functions = (start, finish).into_pyobject(py)?.into_any();
        call(&python(py, code)?, "main", functions)?;
        assert_joined(py, told);
        Ok(())
    })
}

#[runtime::test]
fn an_output_that_comes_after_cancel_is_dropped_detached_from_python() -> PyResult<()> {
    let (tell, told) = mpsc::channel();
    let (go_on, told_to_go_on) = mpsc::channel::<()>();
    let (polling, polled) = mpsc::channel::<()>();
    let told_to_go_on = Mutex::new(Some(told_to_go_on));
    let polled = Mutex::new(polled);
    Python::attach(|py| {
        let start = function(py, move |py| {
            let (value, polling) = (Joins(tell.clone()), polling.clone());
            let told_to_go_on = told_to_go_on.lock().unwrap().take().unwrap();
            let future = runtime::future_into_py(py, async move {
                polling.send(()).unwrap();
                told_to_go_on.recv_timeout(TIMEOUT).unwrap();
                Ok(value)
            })?;
            py.detach(|| polled.lock().unwrap().recv_timeout(TIMEOUT).unwrap());
            Ok(future)
        })?;
        let finish = function(py, move |py| {
            go_on.send(()).unwrap();
            Ok(py.None().into_bound(py))
        })?;
        let is_joined = is_joined(py, told)?;
        let code = c"
def main(functions):
    start, finish, is_joined = functions
    async def main():
        assert start().cancel()
        finish()
        while (joined := is_joined()) is None:
            await asyncio.sleep(0.001)
        return joined
    assert asyncio.run(main())
";
        let functions = (start, finish, is_joined).into_pyobject(py)?.into_any();
        call(&python(py, code)?, "main", functions)?;
        Ok(())
    })
}

#[runtime::test]
async fn a_panic_of_a_local_conversion_has_its_text() -> PyResult<()> {
    let locals = Python::attach(runtime::get_current_locals)?;
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let threads = tokio::runtime::Builder::new_current_thread().build();
        let local = tokio::task::LocalSet::new();
        let error = local.block_on(&threads.unwrap(), async move { failed(locals).await });
        tell.send(error).unwrap();
    });
    let error = told.await.unwrap();
    Python::attach(|py| {
        assert!(error.is_instance_of::<RustPanic>(py), "{error}");
        assert!(error.to_string().contains("no conversion"), "{error}");
    });
    Ok(())
}

async fn failed(locals: TaskLocals) -> PyErr {
    let future = Python::attach(|py| {
        let fut = async { Ok(Unconvertible) };
        #[expect(deprecated, reason = "it is tested as long as it is there")]
        let future = runtime::local_future_into_py_with_locals(py, locals.clone(), fut)?;
        pyo3_aio::into_future_with_locals(&locals, future)
    });
    future.unwrap().await.unwrap_err()
}
