//! The conversions' tests, written once over the runtime.

#[macro_use]
pub(crate) mod awaitables;
#[macro_use]
pub(crate) mod coroutines;
#[macro_use]
pub(crate) mod errors;
#[macro_use]
pub(crate) mod futures;
#[macro_use]
pub(crate) mod locals;
#[macro_use]
pub(crate) mod loops;
#[macro_use]
pub(crate) mod running;
#[macro_use]
pub(crate) mod told;

/// Defines the tests for one runtime of the library.
macro_rules! conversion_tests {
    ($runtime:ident) => {
        use pyo3::prelude::*;
        use pyo3_aio::$runtime as runtime;

        use crate::drops::Drops;
        use crate::python::{call, function, python};

        /// Awaits what `name(argument)` returns, on the loop of the test.
        async fn awaited<F>(
            code: &'static std::ffi::CStr,
            name: &str,
            argument: F,
        ) -> PyResult<Py<PyAny>>
        where
            F: for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>>,
        {
            let future = Python::attach(|py| {
                let names = python(py, code)?;
                runtime::into_future(call(&names, name, argument(py)?)?)
            })?;
            future.await
        }

        /// A function that returns both kinds of awaitable for a future that is never ready.
        fn forever<'py>(
            py: Python<'py>,
            drops: &Drops,
            coroutine: bool,
        ) -> PyResult<Bound<'py, PyAny>> {
            let drops = drops.clone();
            function(py, move |py| {
                let guard = drops.guard();
                let future = async move {
                    let _guard = guard;
                    std::future::pending::<()>().await;
                    Ok(())
                };
                if coroutine {
                    runtime::into_coroutine(py, future)
                } else {
                    runtime::future_into_py(py, future)
                }
            })
        }

        /// Awaits what `main(f)` returns for such a function; `drops()` counts the futures that have been dropped.
        async fn counted(code: &'static std::ffi::CStr, coroutine: bool) -> PyResult<()> {
            let drops = Drops::default();
            let future = Python::attach(|py| {
                let names = python(py, code)?;
                names.set_item("drops", drops.function(py)?)?;
                runtime::into_future(call(&names, "main", forever(py, &drops, coroutine)?)?)
            })?;
            future.await.map(drop)
        }

        awaitable_tests!($runtime);
        coroutine_tests!($runtime);
        error_tests!($runtime);
        future_tests!($runtime);
        locals_tests!($runtime);
        loop_tests!($runtime);
        running_tests!($runtime);
        told_tests!($runtime);
    };
}
