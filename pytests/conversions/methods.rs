//! Async methods of Rust that the attribute `pymethods` makes methods of Python's.

use std::ffi::CStr;
use std::sync::atomic::{AtomicU8, Ordering};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyType;
use pyo3_aio::CancelHandle;

use crate::fixtures::python::{call, python};
use crate::runtime;

/// Has another name in Python.
#[pyclass(frozen, name = "Countdown")]
struct Counter {
    left: AtomicU8,
}

/// Gives up the thread, so that the runtime has the future.
async fn suspend() {
    let _ = runtime::spawn(async {}).await;
}

#[runtime::pymethods]
impl Counter {
    #[new]
    fn new(left: u8) -> Self {
        Self {
            left: AtomicU8::new(left),
        }
    }

    #[getter]
    fn left(&self) -> u8 {
        self.left.load(Ordering::Relaxed)
    }

    /// Takes from the number.
    #[pyo3(signature = (number=1, *, fails=false))]
    async fn take(&self, number: u8, fails: bool) -> PyResult<u8> {
        suspend().await;
        if fails {
            return Err(PyValueError::new_err("why"));
        }
        self.left.fetch_sub(number, Ordering::Relaxed);
        Ok(self.left())
    }

    #[pyo3(name = "renamed")]
    async fn original(&self) {
        suspend().await;
    }

    async fn careful(&self, #[pyo3(cancel_handle)] mut cancel: CancelHandle) -> u8 {
        let _ = cancel.cancelled().await;
        self.left()
    }

    #[staticmethod]
    async fn make(left: u8) -> Self {
        suspend().await;
        Self::new(left)
    }

    #[classmethod]
    async fn name_of(class: Py<PyType>) -> PyResult<String> {
        suspend().await;
        Python::attach(|py| class.bind(py).name()?.extract())
    }

    async fn __aenter__(slf: Py<Self>) -> Py<Self> {
        suspend().await;
        slf
    }

    async fn __aexit__(
        &self,
        _kind: Py<PyAny>,
        error: Option<Py<PyAny>>,
        _traceback: Py<PyAny>,
    ) -> bool {
        suspend().await;
        self.left.store(0, Ordering::Relaxed);
        error.is_some()
    }

    fn __aiter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    async fn __anext__(&self) -> Option<u8> {
        suspend().await;
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .ok()
    }

    async fn __await__(&self) -> u8 {
        suspend().await;
        self.left()
    }
}

/// Not frozen, and a fallible iterator of nothing, which ends at once.
#[pyclass]
struct Open {
    fails: bool,
}

#[runtime::pymethods(crate = "::pyo3_aio")]
impl Open {
    async fn close(slf: Py<Self>) -> bool {
        suspend().await;
        Python::attach(|py| slf.borrow(py).fails)
    }

    fn __aiter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    async fn __anext__(slf: Py<Self>) -> PyResult<Option<()>> {
        match Self::close(slf).await {
            true => Err(PyValueError::new_err("why")),
            false => Ok(None),
        }
    }
}

/// Runs `main(classes)`.
async fn with_classes(code: &CStr) -> PyResult<()> {
    let future = Python::attach(|py| {
        let module = PyModule::new(py, "classes")?;
        module.add_class::<Counter>()?;
        module.add("open", Open { fails: false })?;
        module.add("broken", Open { fails: true })?;
        let names = python(py, code)?;
        runtime::into_future(call(&names, "main", module.into_any())?)
    })?;
    future.await.map(drop)
}

#[runtime::test]
async fn a_method_returns_a_coroutine_with_its_qualified_name() -> PyResult<()> {
    let code = c"
async def main(m):
    counter = m.Countdown(5)
    coroutine = counter.take()
    assert asyncio.iscoroutine(coroutine)
    assert coroutine.__name__ == 'take' and coroutine.__qualname__ == 'Countdown.take'
    assert await coroutine == counter.left == 4
    assert m.Countdown.take.__doc__ == 'Takes from the number.'
    assert m.Countdown.take.__text_signature__ == '($self, number=1, *, fails=False)'
    assert await asyncio.create_task(counter.take(number=2)) == 2
    coroutine = counter.renamed()
    assert coroutine.__qualname__ == 'Countdown.renamed' and await coroutine is None
    assert not hasattr(counter, 'original')
    assert await m.open.close() is False
    for wrong in lambda: counter.take('a'), lambda: m.Countdown.take(1):
        try:
            wrong()
        except TypeError:
            pass
        else:
            assert False
    try:
        await counter.take(fails=True)
    except ValueError as error:
        assert str(error) == 'why'
    else:
        assert False
";
    with_classes(code).await
}

#[runtime::test]
async fn class_and_static_methods_may_be_async() -> PyResult<()> {
    let code = c"
async def main(m):
    assert (await m.Countdown.make(3)).left == 3
    assert await m.Countdown.name_of() == await m.Countdown(1).name_of() == 'Countdown'
";
    with_classes(code).await
}

#[runtime::test]
async fn special_methods_may_be_async() -> PyResult<()> {
    let code = c"
async def main(m):
    counter = m.Countdown(3)
    assert await counter == 3
    async with counter as entered:
        assert entered is counter
        raise ValueError
    assert counter.left == 0
    counter = m.Countdown(3)
    turns = 0
    async for item in counter:
        turns += 1
        assert item == 3 - turns + 1
    assert turns == 3
    async for item in m.open:
        assert False
    try:
        async for item in m.broken:
            assert False
    except ValueError as error:
        assert str(error) == 'why'
    else:
        assert False
";
    with_classes(code).await
}

#[runtime::test]
async fn a_cancel_handle_is_no_argument_of_a_method() -> PyResult<()> {
    let code = c"
async def main(m):
    task = asyncio.create_task(m.Countdown(6).careful())
    for _ in range(3):
        await asyncio.sleep(0)
    assert task.cancel()
    assert await task == 6
";
    with_classes(code).await
}

#[runtime::test]
async fn a_coroutine_keeps_its_object() -> PyResult<()> {
    let code = c"
async def main(m):
    coroutine = m.Countdown(9).take()
    gc.collect()
    assert await coroutine == 8
";
    with_classes(code).await
}

#[runtime::test]
async fn rust_awaits_a_method_as_it_was_written() {
    let counter = Counter::make(4).await;
    assert_eq!(counter.take(1, false).await.unwrap(), 3);
    assert_eq!(counter.__anext__().await, Some(3));
}
