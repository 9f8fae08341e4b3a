//! A Rust stream that prints wherever its code runs.

#![expect(clippy::print_stdout, reason = "this is what is captured")]

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pyo3::ffi::c_str;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Is ready, pending, ready and at its end.
struct Prints(usize);

impl Stream for Prints {
    type Item = PyResult<Item>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0 += 1;
        println!("poll {}", self.0);
        if self.0 == 2 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready((self.0 < 4).then(|| Ok(Item(self.0))))
    }
}

impl Drop for Prints {
    fn drop(&mut self) {
        println!("dropped after {}", self.0);
    }
}

struct Item(usize);

impl<'py> IntoPyObject<'py> for Item {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        println!("item {}", self.0);
        Ok(self.0.into_pyobject(py)?.into_any())
    }
}

const MAIN: &std::ffi::CStr = c_str!(
    "
async def main(generators):
    assert [item async for item in generators.pop()] == [1, 3]
    # This one is collected.
    assert await generators.pop().__anext__() == 1
"
);

#[pyo3_aio::tokio::test]
async fn prints() -> PyResult<()> {
    let main = Python::attach(|py| {
        let globals = PyDict::new(py);
        py.run(MAIN, Some(&globals), None)?;
        let main = globals.get_item("main")?.expect("it is defined above");
        let generator = || pyo3_aio::tokio::stream_into_py(py, Prints(0));
        let generators = [generator()?, generator()?];
        pyo3_aio::tokio::into_future(main.call1((pyo3::types::PyList::new(py, generators)?,))?)
    })?;
    main.await?;
    panic!("to be shown");
}
