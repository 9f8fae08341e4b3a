//! Starts the interpreter through `PyConfig` (PEP 587), which the full API has.
#![expect(unsafe_code, reason = "calls Python's C API")]

use std::ffi::{CString, OsString, c_char};
use std::mem::MaybeUninit;
use std::path::Path;

use pyo3::ffi;

/// Starts Python as `executable`, or as it finds itself, and detaches the calling thread from it.
///
/// A Python that cannot start prints why and ends the process.
pub(super) fn initialize(executable: Option<&Path>) {
    let arguments: Vec<CString> = std::env::args_os().filter_map(to_c_string).collect();
    let executable = executable.and_then(|path| to_c_string(path.as_os_str().to_owned()));
    let mut config = Config::new();
    if let Some(executable) = &executable {
        config.set_executable(executable);
    }
    config.set_arguments(&arguments);
    config.start();
}

#[cfg(unix)]
fn to_c_string(text: OsString) -> Option<CString> {
    use std::os::unix::ffi::OsStringExt;

    CString::new(text.into_vec()).ok()
}

#[cfg(not(unix))]
fn to_c_string(text: OsString) -> Option<CString> {
    CString::new(text.into_string().ok()?).ok()
}

/// A `PyConfig` that is cleared when it goes.
struct Config(ffi::PyConfig);

impl Config {
    fn new() -> Self {
        let mut config = MaybeUninit::zeroed();
        // SAFETY: the function fills the structure, of which zeros are a valid value already. Its defaults, unlike
        // those of `Py_Initialize`, turn the UTF-8 mode on in the C locale and install signal handlers.
        let mut config: ffi::PyConfig = unsafe {
            ffi::PyConfig_InitPythonConfig(config.as_mut_ptr());
            config.assume_init()
        };
        // The arguments are the harness's, not the interpreter's.
        config.parse_argv = 0;
        Self(config)
    }

    fn set_executable(&mut self, executable: &CString) {
        let config = &raw mut self.0;
        // SAFETY: both pointers lead into the configuration, and the string is copied.
        let status = unsafe {
            ffi::PyConfig_SetBytesString(config, &raw mut (*config).executable, executable.as_ptr())
        };
        exit_on_error(status);
    }

    fn set_arguments(&mut self, arguments: &[CString]) {
        let mut pointers: Vec<*const c_char> =
            arguments.iter().map(|argument| argument.as_ptr()).collect();
        let count = ffi::Py_ssize_t::try_from(pointers.len()).unwrap_or(0);
        // SAFETY: `pointers` holds `count` strings, which are copied.
        let status =
            unsafe { ffi::PyConfig_SetBytesArgv(&raw mut self.0, count, pointers.as_mut_ptr()) };
        exit_on_error(status);
    }

    fn start(self) {
        // SAFETY: nobody else has started an interpreter (the caller asked), and this thread is attached to the
        // new one, which `PyEval_SaveThread` needs.
        unsafe {
            exit_on_error(ffi::Py_InitializeFromConfig(&raw const self.0));
            ffi::PyEval_SaveThread();
        }
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        // SAFETY: the configuration was initialised and is not used again.
        unsafe { ffi::PyConfig_Clear(&raw mut self.0) }
    }
}

fn exit_on_error(status: ffi::PyStatus) {
    // SAFETY: both take a status by value; the second prints it and ends the process.
    unsafe {
        if ffi::PyStatus_Exception(status) != 0 {
            ffi::Py_ExitStatusException(status);
        }
    }
}
