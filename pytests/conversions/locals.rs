//! The task locals of a Rust future: it finds the event loop and the context variables of the code that started it.

use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::conversions::awaited;
use crate::fixtures::python::{call, function, python};
use crate::runtime;

#[runtime::test]
async fn a_spawned_child_finds_the_loop_of_its_parent() -> PyResult<()> {
    let code = c"async def main(f): return await f()";
    let found = awaited(code, "main", |py| {
        function(py, |py| {
            runtime::into_coroutine(py, async {
                let (send, received) = oneshot::channel();
                // Spawned once in the first poll, on Python's thread, and once more from there.
                let child = runtime::spawn(async {
                    runtime::spawn(async {
                        let sleep = Python::attach(|py| {
                            let asyncio = py.import("asyncio")?;
                            runtime::into_future(asyncio.call_method1("sleep", (0, "slept"))?)
                        });
                        send.send(async { sleep?.await }.await).unwrap();
                    });
                });
                drop(child);
                received.await.unwrap()
            })
        })
    });
    assert_eq!(found.await?.to_string(), "slept");
    Ok(())
}

#[runtime::test]
async fn context_variables_reach_a_coroutine_under_a_rust_future() -> PyResult<()> {
    let code = c"
import contextvars
variable = contextvars.ContextVar('variable', default='default')
async def reads():
    return variable.get()
async def main(f):
    variable.set('set')
    return await f()
";
    let read = Python::attach(|py| {
        let names = python(py, code)?;
        let reads = names.get_item("reads")?.unwrap().unbind();
        let through = function(py, move |py| {
            let reads = reads.clone_ref(py);
            runtime::future_into_py(py, async move {
                let _ = runtime::spawn(async {}).await;
                Python::attach(|py| runtime::into_future(reads.bind(py).call0()?))?.await
            })
        })?;
        runtime::into_future(call(&names, "main", through)?)
    })?
    .await?;
    assert_eq!(read.to_string(), "set");
    Ok(())
}

#[runtime::test]
async fn context_variables_reach_a_synchronous_call_through_the_locals() -> PyResult<()> {
    let code = c"
import contextvars
variable = contextvars.ContextVar('variable', default='default')
async def main(f):
    variable.set('set')
    return await f()
";
    let read = Python::attach(|py| {
        let names = python(py, code)?;
        let get = names
            .get_item("variable")?
            .unwrap()
            .getattr("get")?
            .unbind();
        let through = function(py, move |py| {
            let get = get.clone_ref(py);
            runtime::future_into_py(py, async move {
                let _ = runtime::spawn(async {}).await;
                Python::attach(|py| {
                    let locals = runtime::get_current_locals(py)?;
                    // Nested, since the context is in use then.
                    locals.run(py, |py| locals.run(py, |py| get.call0(py)))
                })
            })
        })?;
        runtime::into_future(call(&names, "main", through)?)
    })?
    .await?;
    assert_eq!(read.to_string(), "set");
    Ok(())
}
