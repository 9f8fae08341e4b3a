//! Python modules in tests: the crate's own `#[pymodule]`, and files beside the test.

use pyo3::prelude::*;
use pyo3_aio::testing::{event_loop, python_module};

/// Stands for a crate's own extension module, of which nothing is installed.
#[pymodule]
pub(crate) mod pyo3_aio_example {
    use pyo3::prelude::*;

    #[pyfunction]
    fn rust_answer(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        pyo3_aio::tokio::future_into_py(py, async {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            Ok(42)
        })
    }
}

/// Awaits a coroutine of the module beside this file.
pub(crate) async fn set_up() -> PyResult<()> {
    let answer = Python::attach(|py| {
        let answers = py.import("answers")?;
        answers.setattr("is_set_up", true)?;
        pyo3_aio::tokio::into_future(answers.call_method0("prepare")?)
    })?;
    answer.await.map(drop)
}

pub(crate) async fn tear_down() -> PyResult<()> {
    Python::attach(|py| {
        let answers = py.import("answers")?;
        assert!(answers.getattr("is_set_up")?.extract::<bool>()?);
        Ok(())
    })
}

#[pyo3_aio::tokio::test]
fn what_setup_did_is_there() -> PyResult<()> {
    Python::attach(|py| {
        assert!(
            py.import("answers")?
                .getattr("is_set_up")?
                .extract::<bool>()?
        );
        Ok(())
    })
}

/// Awaits the helper's coroutine and returns its answer.
async fn answer_of(load: fn(Python<'_>) -> PyResult<Bound<'_, PyModule>>) -> PyResult<(u32, u32)> {
    let (module, answer) = Python::attach(|py| {
        let module = load(py)?;
        let answer = pyo3_aio::tokio::into_future(module.call_method0("answer")?)?;
        PyResult::Ok((module.unbind(), answer))
    })?;
    let answer = answer.await?;
    Python::attach(|py| {
        let calls = module.bind(py).getattr("calls")?.extract()?;
        Ok((answer.bind(py).extract()?, calls))
    })
}

#[pyo3_aio::tokio::test]
async fn a_file_beside_the_test_is_imported_and_imports_the_own_module() -> PyResult<()> {
    assert_eq!(answer_of(|py| py.import("answers")).await?, (42, 1));
    assert_eq!(answer_of(|py| py.import("answers")).await?, (42, 2));
    Ok(())
}

#[pyo3_aio::tokio::test]
async fn a_module_that_is_loaded_is_not_shared() -> PyResult<()> {
    assert_eq!(
        answer_of(|py| python_module!(py, "answers.py")).await?,
        (42, 1)
    );
    assert_eq!(
        answer_of(|py| python_module!(py, "answers.py")).await?,
        (42, 1)
    );
    Ok(())
}

#[pyo3_aio::tokio::test(raises = "FileNotFoundError")]
fn a_file_that_is_not_there_is_an_error() -> PyResult<()> {
    Python::attach(|py| python_module!(py, "absent.py").map(drop))
}

#[pyo3_aio::async_std::test]
async fn the_loop_of_an_async_test_runs_on_the_main_thread() -> PyResult<()> {
    Python::attach(|py| {
        let threading = py.import("threading")?;
        let main = threading.call_method0("main_thread")?.getattr("ident")?;
        assert!(event_loop(py)?.getattr("_thread_id")?.eq(main)?);
        Ok(())
    })
}

#[pyo3_aio::tokio::test]
fn a_sync_test_has_the_same_loop(given: Py<PyAny>) -> PyResult<()> {
    Python::attach(|py| {
        assert!(event_loop(py)?.is(&given));
        Ok(())
    })
}
