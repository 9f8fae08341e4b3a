//! The functions that every implementation has, written once.

/// Defines a module with the functions of one implementation.
///
/// `convert` hands a Rust future to Python, `into_future` a Python awaitable to Rust, and `runtime` returns the tokio
/// runtime on which both run.
macro_rules! conversions {
    ($(#[$doc:meta])* $name:ident, $convert:path, $into_future:path, $runtime:path) => {
        $(#[$doc])*
        pub(crate) mod $name {
            use pyo3::prelude::*;

            use crate::completions;

            /// Adds a submodule with these functions.
            pub(crate) fn add_to(parent: &Bound<'_, PyModule>) -> PyResult<()> {
                let module = PyModule::new(parent.py(), stringify!($name))?;
                module.add_function(wrap_pyfunction!(ready, &module)?)?;
                module.add_function(wrap_pyfunction!(oneshot, &module)?)?;
                module.add_function(wrap_pyfunction!(pending, &module)?)?;
                module.add_function(wrap_pyfunction!(never, &module)?)?;
                module.add_function(wrap_pyfunction!(call, &module)?)?;
                module.add_function(wrap_pyfunction!(call_in_turn, &module)?)?;
                module.add_function(wrap_pyfunction!(call_at_once, &module)?)?;
                parent.add_submodule(&module)
            }

            /// Has its result at once.
            #[pyfunction]
            fn ready(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
                $convert(py, async { Ok(1_i64) })
            }

            /// Gets its result from another task of the runtime.
            #[pyfunction]
            fn oneshot(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
                $convert(py, async {
                    let (sender, receiver) = tokio::sync::oneshot::channel();
                    $runtime().spawn(async move { sender.send(1_i64) });
                    Ok(receiver.await.expect("the task sends"))
                })
            }

            /// Gets its result from a plain thread, once `complete()` is called.
            #[pyfunction]
            fn pending(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
                let receiver = completions::enlist();
                $convert(py, async move { Ok(receiver.await.unwrap_or_default()) })
            }

            /// Never has a result.
            #[pyfunction]
            fn never(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
                $convert(py, std::future::pending::<PyResult<i64>>())
            }

            /// Awaits what an async function of Python returns.
            #[pyfunction]
            fn call(py: Python<'_>, function: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
                $convert(py, async move {
                    let awaited =
                        Python::attach(|py| $into_future(function.bind(py).call0()?))?;
                    awaited.await
                })
            }

            /// Awaits an async function of Python `count` times, one after the other.
            #[pyfunction]
            fn call_in_turn(
                py: Python<'_>,
                function: Py<PyAny>,
                count: usize,
            ) -> PyResult<Bound<'_, PyAny>> {
                $convert(py, async move {
                    for _ in 0..count {
                        let awaited =
                            Python::attach(|py| $into_future(function.bind(py).call0()?))?;
                        awaited.await?;
                    }
                    Ok(count)
                })
            }

            /// Starts an async function of Python `count` times, then awaits them all.
            #[pyfunction]
            fn call_at_once(
                py: Python<'_>,
                function: Py<PyAny>,
                count: usize,
            ) -> PyResult<Bound<'_, PyAny>> {
                $convert(py, async move {
                    let started = Python::attach(|py| {
                        let start = |_| $into_future(function.bind(py).call0()?);
                        (0..count).map(start).collect::<PyResult<Vec<_>>>()
                    })?;
                    for awaited in started {
                        awaited.await?;
                    }
                    Ok(count)
                })
            }
        }
    };
}

pub(crate) use conversions;
