//! The streams of pyo3-async-runtimes.
//!
//! It has nothing that makes an asynchronous iterator of a stream, so this is what its users write: a class whose
//! `__anext__` converts a future for each item.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::{Stream, StreamExt};
use pyo3::exceptions::PyStopAsyncIteration;
use pyo3::prelude::*;
use pyo3_async_runtimes::tokio::{future_into_py, get_runtime, into_stream_v1, into_stream_v2};
use tokio::sync::Mutex;

use crate::sources;

type Items = Pin<Box<dyn Stream<Item = PyResult<i64>> + Send>>;

/// Adds a submodule with these functions.
pub(crate) fn add_to(parent: &Bound<'_, PyModule>) -> PyResult<()> {
    let module = PyModule::new(parent.py(), "streams_of_peer")?;
    module.add_function(wrap_pyfunction!(ready_items, &module)?)?;
    module.add_function(wrap_pyfunction!(channel_items, &module)?)?;
    module.add_function(wrap_pyfunction!(consume_v1, &module)?)?;
    module.add_function(wrap_pyfunction!(consume_v2, &module)?)?;
    parent.add_submodule(&module)
}

/// An asynchronous iterator over a stream.
#[pyclass(frozen)]
struct Iterator {
    items: Arc<Mutex<Items>>,
}

impl Iterator {
    fn new(items: impl Stream<Item = PyResult<i64>> + Send + 'static) -> Self {
        Self {
            items: Arc::new(Mutex::new(Box::pin(items))),
        }
    }
}

#[pymethods]
impl Iterator {
    fn __aiter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __anext__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let items = Arc::clone(&self.items);
        future_into_py(py, async move {
            let next = items.lock().await.next().await;
            next.unwrap_or_else(|| Err(PyStopAsyncIteration::new_err(())))
        })
    }
}

/// Iterates over items that are ready.
#[pyfunction]
fn ready_items(count: i64) -> Iterator {
    Iterator::new(sources::ready(count))
}

/// Iterates over what a task sends.
#[pyfunction]
fn channel_items(count: i64) -> Iterator {
    Iterator::new(sources::channel(get_runtime(), count))
}

/// Counts the items of an asynchronous generator, which its first kind of stream asks for one by one.
#[pyfunction]
fn consume_v1<'py>(py: Python<'py>, generator: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let stream = into_stream_v1(generator)?;
    future_into_py(py, async move {
        Ok(sources::count(stream.filter_map(|item| async { item.ok() })).await)
    })
}

/// Counts the items of an asynchronous generator, which its second kind of stream has Python send.
#[pyfunction]
fn consume_v2<'py>(py: Python<'py>, generator: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let stream = into_stream_v2(generator)?;
    future_into_py(py, async move { Ok(sources::count(stream).await) })
}
