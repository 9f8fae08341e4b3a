//! An async method of Python's shares its object.

use pyo3::prelude::*;

#[pyclass(frozen)]
struct Class;

struct NoObject;

#[pyo3_aio::tokio::pymethods]
impl Class {
    async fn exclusive(&mut self) {} //~ write `&self` in a frozen class, with a `Mutex` for what changes, or `slf: Py<Self>`
}

#[pyclass(frozen)]
struct Consumed;

#[pyo3_aio::tokio::pymethods]
impl Consumed {
    async fn consumed(self) {} //~ an async method shares its object
}

#[pyclass(frozen)]
struct Borrowed;

#[pyo3_aio::tokio::pymethods]
impl Borrowed {
    async fn borrowed(slf: PyRef<'_, Self>) {} //~ cannot borrow them: write `Py<Self>`
}

#[pyclass]
struct NotFrozen;

#[pyo3_aio::tokio::pymethods]
impl NotFrozen {
    async fn shared(&self) {} //~ an async method with `&self` needs a frozen class
}

#[pyclass(frozen)]
struct Made;

#[pyo3_aio::tokio::pymethods]
impl Made {
    #[new] //~ `#[new]` cannot be async, because Python awaits nothing there
    async fn new() -> Self {
        Self
    }
}

#[pyclass(frozen)]
struct Iterator;

#[pyo3_aio::tokio::pymethods]
impl Iterator {
    async fn __anext__(&self) -> u8 { //~ an async function of Python's cannot return `pyo3_aio::generic::AnextOutput<u8>`
        1
    }
}

#[pyclass(frozen)]
struct Output;

#[pyo3_aio::tokio::pymethods]
impl Output {
    async fn output(&self) -> NoObject { //~ an async function of Python's cannot return `NoObject`
        NoObject
    }
}

#[pyclass(frozen)]
struct Twins;

#[pyo3_aio::tokio::pymethods]
impl Twins {
    #[blocking = "enter"] //~ Python's syntax calls and awaits `__aenter__`, so that it has no synchronous twin
    async fn __aenter__(&self) {}
}

#[pyclass(frozen)]
struct Synchronous;

#[pyo3_aio::tokio::pymethods]
impl Synchronous {
    #[blocking = "get_sync"] //~ this method is not async, so that it has no synchronous twin
    fn get(&self) {}
}

#[pyclass(frozen)]
struct Unnamed;

#[pyo3_aio::tokio::pymethods]
impl Unnamed {
    #[blocking] //~ write the name of the synchronous twin, as in `#[blocking = "get_sync"]`
    async fn get(&self) {}
}

#[pyclass(frozen)]
struct WholeBlock;

#[pyo3_aio::tokio::pymethods(blocking = "get_sync")] //~ write `#[blocking = "get_sync"]` before a method
impl WholeBlock {
    async fn get(&self) {}
}

#[pyo3_aio::tokio::pymethods]
struct NoImpl; //~ only `impl` blocks can have this attribute

fn main() {}
