//! Inspects the libpython that is loaded, before the interpreter starts.
#![expect(unsafe_code, reason = "calls Python's C API")]

use std::ffi::CStr;

use pyo3::ffi;

/// Says whether Python runs in this process.
///
/// The call also keeps libpython linked: with `--as-needed` the linker drops a library of which no symbol is used.
pub(crate) fn is_initialized() -> bool {
    // SAFETY: callable at any time, on any thread.
    unsafe { ffi::Py_IsInitialized() != 0 }
}

/// Returns the `x` of the Python 3.x that is loaded.
pub(super) fn minor_version() -> Option<u8> {
    // SAFETY: callable before the interpreter starts; returns a string that is never freed.
    let version = unsafe { CStr::from_ptr(ffi::Py_GetVersion()) };
    version.to_str().ok()?.split('.').nth(1)?.parse().ok()
}

/// Returns a warning if the loader has found another libpython than the one that was linked.
///
/// The loader itself does not warn. This happens if the test binary is started without cargo, and the system has a Python of
/// the same version.
#[cfg(target_os = "linux")]
pub(super) fn unexpected_library() -> Option<String> {
    use std::path::Path;

    let linked = Path::new(option_env!("PYO3_AIO_PYTHON_LIB_DIR")?)
        .canonicalize()
        .ok()?;
    let loaded = loaded_from()?.canonicalize().ok()?;
    if loaded.parent()? == linked {
        return None;
    }
    Some(format!(
        "linked against the libpython in {}, running on {}; start the tests with cargo, or set LD_LIBRARY_PATH={}",
        linked.display(),
        loaded.display(),
        linked.display()
    ))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn unexpected_library() -> Option<String> {
    None
}

#[cfg(target_os = "linux")]
fn loaded_from() -> Option<std::path::PathBuf> {
    use std::ffi::{OsStr, c_void};
    use std::mem::MaybeUninit;
    use std::os::unix::ffi::OsStrExt;

    let symbol: unsafe extern "C" fn() -> std::ffi::c_int = ffi::Py_IsInitialized;
    let mut info = MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: `dladdr` accepts any address and fills the structure when it returns non-zero.
    let found = unsafe { libc::dladdr(symbol as *const c_void, info.as_mut_ptr()) };
    // SAFETY: zeros are a valid `Dl_info` as well.
    let info = unsafe { info.assume_init() };
    if found == 0 || info.dli_fname.is_null() {
        return None;
    }
    // SAFETY: a non-null `dli_fname` is the loader's own string, which lives as long as the library is loaded.
    let name = unsafe { CStr::from_ptr(info.dli_fname) };
    Some(OsStr::from_bytes(name.to_bytes()).into())
}
