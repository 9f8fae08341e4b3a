//! Fixtures of single tests: the event loop, and Python files beside the Rust file.

use pyo3::exceptions::PyFileNotFoundError;
use pyo3::prelude::*;

use crate::task_locals::TaskLocals;
use crate::testing::source_file;
use crate::testing::source_file::SourceFile;

/// Returns the event loop of the test.
///
/// # Errors
///
/// `RuntimeError: no running event loop` outside of tests.
pub fn event_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    Ok(TaskLocals::current(py)?.event_loop(py))
}

/// Imports a Python file that lies beside the Rust file: `python_module!(py, "helpers.py")`.
///
/// The module is a new one each time and does not enter `sys.modules`, so that tests do not share its globals. (A
/// plain `import helpers` finds the file as well, if it lies beside the one with `main!`, and is shared.) It is an
/// expression of type `PyResult<Bound<'py, PyModule>>`.
///
/// ```no_run
/// # use pyo3::prelude::*;
/// # #[cfg(feature = "tokio-runtime")]
/// #[pyo3_aio::tokio::test]
/// async fn answers() -> PyResult<()> {
///     let answer = Python::attach(|py| {
///         let helpers = pyo3_aio::testing::python_module!(py, "helpers.py")?;
///         pyo3_aio::tokio::into_future(helpers.call_method0("answer")?)
///     })?;
///     answer.await?;
///     Ok(())
/// }
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __testing_python_module {
    ($py:expr, $file:expr $(,)?) => {
        $crate::testing::__private::load_module(
            $py,
            $crate::testing::__private::SourceFile {
                file: ::core::file!(),
                manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),
            },
            $file,
        )
    };
}

/// Loads a Python file that lies beside a Rust file.
#[doc(hidden)]
pub fn load_module<'py>(
    py: Python<'py>,
    source: SourceFile,
    file: &str,
) -> PyResult<Bound<'py, PyModule>> {
    let folder = source_file::folder_of(source.file, &source.manifest_dir());
    let path = folder.map(|folder| folder.join(file));
    let Some(path) = path.filter(|path| path.is_file()) else {
        let message = format!("there is no {file} beside {}", source.file);
        return Err(PyFileNotFoundError::new_err(message));
    };
    let name = path.file_stem().unwrap_or_default();
    let import = py.import("importlib.util")?;
    let specification = import.call_method1("spec_from_file_location", (name, path.as_os_str()))?;
    if specification.is_none() {
        let message = format!("{} is not a Python file", path.display());
        return Err(PyFileNotFoundError::new_err(message));
    }
    let module = import.call_method1("module_from_spec", (&specification,))?;
    specification
        .getattr("loader")?
        .call_method1("exec_module", (&module,))?;
    Ok(module.cast_into()?)
}
