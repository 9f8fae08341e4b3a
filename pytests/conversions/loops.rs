//! Loops that are closed, several at once, and one that cannot watch a file descriptor.

use std::sync::mpsc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use pyo3_aio::TaskLocals;

use crate::conversions::forever;
use crate::fixtures::drops::Drops;
use crate::fixtures::python::{call, function, python};
use crate::runtime;

#[runtime::test]
fn a_closed_loop_drops_the_rust_future_and_prints_nothing() -> PyResult<()> {
    let drops = Drops::default();
    Python::attach(|py| {
        let code = c"async def main(f): return f()";
        let names = python(py, code)?;
        let main = call(&names, "main", forever(py, &drops)?)?;
        let future = py.import("asyncio")?.call_method1("run", (main,))?;
        drops.wait_for(py, 1);
        assert!(!future.call_method0("done")?.is_truthy()?);
        Ok(())
    })
}

#[runtime::test]
fn a_conversion_on_a_closed_loop_is_an_error() -> PyResult<()> {
    Python::attach(|py| {
        let asyncio = py.import("asyncio")?;
        let event_loop = asyncio.call_method0("new_event_loop")?;
        event_loop.call_method0("close")?;
        let locals = TaskLocals::new(event_loop);
        let error = runtime::future_into_py_with_locals(py, locals.clone(), async { Ok(()) });
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("Event loop is closed")
        );
        let sleep = asyncio.call_method1("sleep", (0,))?;
        let error = pyo3_aio::into_future_with_locals(&locals, sleep).unwrap_err();
        assert!(error.to_string().contains("Event loop is closed"));
        Ok(())
    })
}

#[runtime::test]
fn a_loop_that_dies_gives_the_waiting_rust_future_an_error() -> PyResult<()> {
    let (send, outcome) = mpsc::channel();
    Python::attach(|py| {
        let code = c"
async def awaited(future):
    while not future._callbacks:
        await asyncio.sleep(0)
";
        let names = python(py, code)?;
        let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
        let never = event_loop.call_method0("create_future")?;
        let locals = TaskLocals::new(event_loop.clone());
        let future = pyo3_aio::into_future_with_locals(&locals, never.clone())?;
        runtime::spawn(async move {
            let output = future.await;
            send.send(output.unwrap_err().to_string()).unwrap();
        });
        let awaited = call(&names, "awaited", never)?;
        event_loop.call_method1("run_until_complete", (awaited,))?;
        event_loop.call_method0("close")?;
        let error = py.detach(move || outcome.recv()).unwrap();
        assert!(error.contains("Event loop is closed"), "{error}");
        Ok(())
    })
}

#[runtime::test]
fn several_loops_in_several_threads_do_not_meet() {
    let threads: Vec<_> = (0..4)
        .map(|number| {
            std::thread::spawn(move || {
                Python::attach(|py| {
                    let code = c"
async def main(f):
    return sum(await asyncio.gather(*[f() for _ in range(200)]))";
                    let names = python(py, code)?;
                    let numbers = function(py, move |py| {
                        runtime::future_into_py(py, async move {
                            let _ = runtime::spawn(async {}).await;
                            Ok(number)
                        })
                    })?;
                    let main = call(&names, "main", numbers)?;
                    let asyncio = py.import("asyncio")?;
                    asyncio.call_method1("run", (main,))?.extract::<usize>()
                })
            })
        })
        .collect();
    for (number, thread) in threads.into_iter().enumerate() {
        assert_eq!(thread.join().unwrap().unwrap(), 200 * number);
    }
}

#[runtime::test]
fn a_loop_without_add_reader_is_served_by_a_thread() -> PyResult<()> {
    let code = c"
class Loop(asyncio.SelectorEventLoop):
    def add_reader(self, *args):
        raise NotImplementedError
def main(f):
    async def awaits():
        return sum(await asyncio.gather(*[f() for _ in range(100)]))
    loop = Loop()
    # asyncio's own self-pipe does not go through add_reader.
    try:
        return loop.run_until_complete(awaits())
    finally:
        loop.close()
";
    Python::attach(|py| {
        let names: Bound<'_, PyDict> = python(py, code)?;
        let ones = function(py, |py| {
            runtime::future_into_py(py, async {
                let _ = runtime::spawn(async {}).await;
                Ok(1)
            })
        })?;
        let sum: usize = call(&names, "main", ones)?.extract()?;
        assert_eq!(sum, 100);
        Ok(())
    })
}
