//! Starts Python on the main thread as the program `python3` would: with the packages of the virtual
//! environment, `sys.executable`, `sys.argv` and UTF-8 right, and signal handlers installed.

mod choice;
mod environment;
mod library;

#[cfg(not(any(Py_LIMITED_API, PyPy, GraalPy)))]
#[path = "embed_config.rs"]
mod embed;
#[cfg(all(Py_LIMITED_API, not(any(PyPy, GraalPy))))]
#[path = "embed_abi3.rs"]
mod embed;
#[cfg(any(PyPy, GraalPy))]
#[path = "embed_unsupported.rs"]
mod embed;

use std::path::Path;

use libtest_async::capture;
use pyo3::prelude::*;

use choice::{Choice, Surroundings};

/// Starts Python unless it runs already.
///
/// Must be called on the main thread while it is the only one: Python's main thread is the one that starts it, and the
/// environment of the process is changed to agree with the interpreter. A Python that cannot start says why and ends
/// the process.
pub(crate) fn initialize(manifest_dir: Option<&Path>) {
    if library::is_initialized() {
        return;
    }
    let choice = choose(manifest_dir);
    if let Some(choice) = &choice {
        environment::agree_with(choice);
    }
    embed::initialize(choice.as_ref().map(|choice| choice.executable.as_path()));
}

/// Makes a folder the first place to import from, as Python does with the folder of a script.
pub(super) fn import_from(py: Python<'_>, folder: &Path) -> PyResult<()> {
    py.import("sys")?
        .getattr("path")?
        .call_method1("insert", (0, folder.as_os_str()))?;
    Ok(())
}

fn choose(manifest_dir: Option<&Path>) -> Option<Choice> {
    let minor = library::minor_version();
    warn(library::unexpected_library());
    let (choice, warnings) = choice::choose(&Surroundings::of_process(manifest_dir, minor));
    warn(warnings);
    choice
}

fn warn(warnings: impl IntoIterator<Item = String>) {
    for warning in warnings {
        // There is no test yet that it could belong to.
        capture::Context::default().print(format!("warning: {warning}\n").as_bytes());
    }
}
