//! Sets environment variables, so that child processes (`pip`, `python3`) find the chosen interpreter too.
#![expect(
    unsafe_code,
    reason = "changing the environment is unsafe once there are other threads"
)]

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;

use super::choice::Choice;

/// Activates a virtual environment, as the `activate` script of the module `venv` does: sets `VIRTUAL_ENV`, and puts the
/// executable's folder first on `PATH`.
pub(super) fn activate(choice: &Choice) {
    let Some(environment) = &choice.environment else {
        return;
    };
    set("VIRTUAL_ENV", environment.as_os_str());
    let folder = choice.executable.parent().map(PathBuf::from);
    let others = env::var_os("PATH").unwrap_or_default();
    let paths = folder.into_iter().chain(env::split_paths(&others));
    if let Ok(paths) = env::join_paths(paths) {
        set("PATH", &paths);
    }
}

/// Sets a variable of this process.
pub(super) fn set(name: &str, value: &OsStr) {
    // SAFETY: `initialize` calls this on the main thread, before Python, a runtime or a test has started another thread.
    unsafe { env::set_var(name, value) }
}
