//! The streams of pyo3-aio.

use futures_util::stream::StreamExt;
use pyo3::prelude::*;
use pyo3_aio::tokio::{future_into_py, get_runtime, into_stream, stream_into_py};

use crate::sources;

/// Adds a submodule with these functions.
pub(crate) fn add_to(parent: &Bound<'_, PyModule>) -> PyResult<()> {
    let module = PyModule::new(parent.py(), "streams_of_pyo3_aio")?;
    module.add_function(wrap_pyfunction!(ready_items, &module)?)?;
    module.add_function(wrap_pyfunction!(channel_items, &module)?)?;
    module.add_function(wrap_pyfunction!(consume, &module)?)?;
    parent.add_submodule(&module)
}

/// Iterates over items that are ready.
#[pyfunction]
fn ready_items(py: Python<'_>, count: i64) -> PyResult<Bound<'_, PyAny>> {
    stream_into_py(py, sources::ready(count))
}

/// Iterates over what a task sends.
#[pyfunction]
fn channel_items(py: Python<'_>, count: i64) -> PyResult<Bound<'_, PyAny>> {
    stream_into_py(py, sources::channel(get_runtime(), count))
}

/// Counts the items of an asynchronous generator.
#[pyfunction]
fn consume<'py>(py: Python<'py>, generator: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let stream = into_stream(generator)?;
    future_into_py(py, async move {
        Ok(sources::count(stream.filter_map(|item| async { item.ok() })).await)
    })
}
