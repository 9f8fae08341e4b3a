//! The graph of who awaits whom, which asyncio keeps from Python 3.14 on.

use pyo3::prelude::*;
use pyo3::types::PyModule;
use pyo3_aio::testing::skip;

use crate::conversions::awaited;
use crate::fixtures::python::{call, function, python};
use crate::runtime;

/// Gives up the thread, so that the runtime has the future.
async fn suspend() {
    let _ = runtime::spawn(async {}).await;
}

/// Awaits what a function of Python's returns.
#[runtime::pyfunction]
async fn relay(function: Py<PyAny>, first: bool) -> PyResult<Py<PyAny>> {
    if !first {
        suspend().await;
    }
    let awaited = Python::attach(|py| runtime::into_future(function.bind(py).call0()?))?;
    awaited.await
}

#[runtime::test]
async fn the_graph_goes_through_rust() -> PyResult<()> {
    if Python::attach(|py| py.version_info() < (3, 14)) {
        skip!("asyncio has no graph before Python 3.14");
    }
    let code = c"
async def inner():
    global task
    task = asyncio.current_task()
    await asyncio.sleep(0)
    graph = asyncio.capture_call_graph()
    return graph, asyncio.format_call_graph()
async def outer(m, first):
    return await m.relay(inner, first)
async def main(m):
    for first in True, False:
        for make in outer, lambda m, first: m.relay(inner, first):
            awaiter = asyncio.create_task(make(m, first))
            graph, text = await awaiter
            parents = [parent.future for parent in graph.awaited_by]
            assert parents == [awaiter], graph
            names = [entry.frame.f_code.co_name for entry in graph.awaited_by[0].call_stack]
            assert names[0] == 'relay' and names[1:] in ([], ['outer']), names
            assert \"in async relay()\" in text and '<Rust>' in text, text
            # The one that has ended is awaited by nobody.
            assert not asyncio.capture_call_graph(task).awaited_by
";
    let future = Python::attach(|py| {
        let module = PyModule::new(py, "functions")?;
        module.add_function(wrap_pyfunction!(relay, &module)?)?;
        runtime::into_future(call(&python(py, code)?, "main", module.into_any())?)
    })?;
    future.await.map(drop)
}

#[runtime::test]
async fn the_graph_of_a_future_of_rust_is_empty() -> PyResult<()> {
    if Python::attach(|py| py.version_info() < (3, 14)) {
        skip!("asyncio has no graph before Python 3.14");
    }
    let code = c"
async def main(make):
    future = make()
    awaiter = asyncio.ensure_future(asyncio.wait([future]))
    await asyncio.sleep(0)
    graph = asyncio.capture_call_graph(future)
    assert graph.future is future and graph.awaited_by == graph.call_stack == (), graph
    await awaiter
";
    awaited(code, "main", |py| {
        function(py, |py| runtime::future_into_py(py, async { Ok(()) }))
    })
    .await
    .map(drop)
}
