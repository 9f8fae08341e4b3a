//! Starts Python on the main thread as the program `python3` does: with the packages of the virtual environment,
//! `sys.executable`, `sys.argv`, the UTF-8 mode in the C locale (PEP 540) and signal handlers.

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

use choice::{Candidates, Choice};

/// Starts Python unless it runs already.
///
/// Must be called on the main thread while it is the only one: the thread that starts Python is Python's main thread, and
/// environment variables are set, which is unsound beside other threads. If Python cannot start, it prints the reason and ends
/// the process.
pub(crate) fn initialize(manifest_dir: Option<&Path>) {
    if library::is_initialized() {
        return;
    }
    let choice = choose(manifest_dir);
    if let Some(choice) = &choice {
        environment::activate(choice);
    }
    embed::initialize(choice.as_ref().map(|choice| choice.executable.as_path()));
}

/// Inserts a folder at the start of `sys.path`, as Python does with the folder of a script.
pub(super) fn import_from(py: Python<'_>, folder: &Path) -> PyResult<()> {
    py.import("sys")?
        .getattr("path")?
        .call_method1("insert", (0, folder.as_os_str()))?;
    Ok(())
}

fn choose(manifest_dir: Option<&Path>) -> Option<Choice> {
    let minor = library::minor_version();
    warn(library::unexpected_library());
    let (choice, warnings) = choice::choose(&Candidates::of_process(manifest_dir, minor));
    warn(warnings);
    choice
}

fn warn(warnings: impl IntoIterator<Item = String>) {
    for warning in warnings {
        // Printed past the capture: no test runs yet.
        capture::Context::default().print(format!("warning: {warning}\n").as_bytes());
    }
}
