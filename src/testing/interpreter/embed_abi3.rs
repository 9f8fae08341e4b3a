//! Starts the interpreter through the stable ABI, which has no `PyConfig`: by the program's name and `Py_InitializeEx`.
#![expect(unsafe_code, reason = "calls Python's C API")]

use std::env;
use std::ffi::OsStr;
use std::path::Path;

use pyo3::ffi;
use pyo3::prelude::*;

use super::environment;

#[cfg(windows)]
type WideChar = u16;
#[cfg(not(windows))]
type WideChar = u32;

unsafe extern "C" {
    /// Out of the headers since Python 3.15, in the stable ABI for good.
    fn Py_SetProgramName(name: *const WideChar);
}

/// Starts Python as `executable`, or as it finds itself, and detaches the calling thread from it.
pub(super) fn initialize(executable: Option<&Path>) {
    leave_c_locale();
    if let Some(name) = executable.and_then(to_wide) {
        // SAFETY: the name ends in a zero and is leaked, as the function asks for.
        unsafe { Py_SetProgramName(name.leak().as_ptr()) }
    }
    // SAFETY: nobody else has started an interpreter (the caller asked), and this thread is attached to the new
    // one, which `PyEval_SaveThread` needs.
    unsafe {
        ffi::Py_InitializeEx(1);
        ffi::PyEval_SaveThread();
    }
    Python::attach(|py| {
        if let Err(error) = set_arguments(py) {
            error.write_unraisable(py, None);
        }
    });
}

fn to_wide(path: &Path) -> Option<Vec<WideChar>> {
    let text = path.to_str()?.chars();
    #[cfg(windows)]
    let wide = text.collect::<String>();
    #[cfg(windows)]
    let wide = wide.encode_utf16();
    #[cfg(not(windows))]
    let wide = text.map(WideChar::from);
    Some(wide.chain([0]).collect())
}

fn set_arguments(py: Python<'_>) -> PyResult<()> {
    let arguments: Vec<_> = env::args_os().collect();
    py.import("sys")?.setattr("argv", arguments)
}

/// Chooses UTF-8 where the locale says nothing: `Py_InitializeEx` does not by itself.
fn leave_c_locale() {
    let deciding = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| {
        let value = env::var(name).ok().filter(|value| !value.is_empty())?;
        Some((name, value))
    });
    let (name, value) = deciding.unwrap_or(("LC_CTYPE", "C".to_owned()));
    if matches!(value.as_str(), "C" | "POSIX") {
        let name = if name == "LANG" { "LC_CTYPE" } else { name };
        environment::set(name, OsStr::new("C.UTF-8"));
    }
}
