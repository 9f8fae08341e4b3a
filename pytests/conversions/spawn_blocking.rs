//! Functions on the runtime's threads that may block, with the locals of the code that spawns them.

use pyo3::prelude::*;
use pyo3::types::PyCFunction;
use tokio::sync::oneshot;

use crate::conversions::awaited;
use crate::fixtures::python::function;
use crate::runtime;

#[runtime::test]
async fn a_blocking_function_finds_the_loop_and_the_context_of_its_parent() -> PyResult<()> {
    let code = c"
import contextvars, threading
variable = contextvars.ContextVar('variable', default='default')
async def main(f):
    variable.set('set')
    def get():
        return variable.get(), threading.current_thread() is threading.main_thread()
    return await f(get)
";
    let found = awaited(code, "main", |py| {
        let call = PyCFunction::new_closure(py, None, None, |args, _| {
            let get = args.get_item(0)?.unbind();
            let future = async {
                let (sender, found) = oneshot::channel();
                let _spawned = runtime::spawn_blocking(move || {
                    let found = Python::attach(|py| {
                        let locals = runtime::get_current_locals(py)?;
                        locals.run(py, |py| get.call0(py))
                    });
                    sender.send(found).unwrap();
                });
                found.await.unwrap()
            };
            runtime::into_coroutine(args.py(), future).map(Bound::unbind)
        })?;
        Ok(call.into_any())
    });
    let found = found.await?;
    let found: (String, bool) = Python::attach(|py| found.extract(py))?;
    assert_eq!(found, ("set".to_owned(), false));
    Ok(())
}

#[runtime::test]
async fn a_blocking_function_waits_for_a_future_that_awaits_python() -> PyResult<()> {
    let slept = awaited(c"async def main(f): return await f()", "main", |py| {
        function(py, |py| {
            runtime::into_coroutine(py, async {
                let (sender, slept) = oneshot::channel();
                let _spawned = runtime::spawn_blocking(move || {
                    let slept = Python::attach(|py| {
                        runtime::block_on(py, async {
                            let sleep = Python::attach(|py| {
                                let asyncio = py.import("asyncio")?;
                                runtime::into_future(asyncio.call_method1("sleep", (0, "slept"))?)
                            });
                            sleep?.await
                        })
                    });
                    sender.send(slept).unwrap();
                });
                slept.await.unwrap()
            })
        })
    });
    assert_eq!(slept.await?.to_string(), "slept");
    Ok(())
}
