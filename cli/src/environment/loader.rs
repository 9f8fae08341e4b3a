//! The variable in which the loader looks for libpython.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The variable in which the loader looks for folders.
pub(crate) const VARIABLE: &str = if cfg!(target_os = "macos") {
    "DYLD_FALLBACK_LIBRARY_PATH"
} else if cfg!(windows) {
    "PATH"
} else {
    "LD_LIBRARY_PATH"
};

/// Adds the library's folder to the paths in which a command looks for libraries.
pub(crate) fn add_folder_of(command: &mut Command, library: &Path) {
    let changed = command.get_envs().find(|(name, _)| *name == VARIABLE);
    let present = match changed {
        Some((_, changed)) => changed.map(ToOwned::to_owned),
        None => env::var_os(VARIABLE),
    };
    if let Some(value) = with_folder_of(library, present) {
        command.env(VARIABLE, value);
    }
}

/// Returns the variable's value with the library's folder at the end, so that folders of cargo or of the user come first.
/// `None` if the folder is in it already.
fn with_folder_of(library: &Path, present: Option<OsString>) -> Option<OsString> {
    let folder = library.parent()?;
    let mut folders: Vec<PathBuf> = match &present {
        Some(present) => env::split_paths(present).collect(),
        None => Vec::new(),
    };
    if folders.iter().any(|known| known == folder) {
        return None;
    }
    folders.push(folder.to_owned());
    env::join_paths(folders).ok()
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::Path;

    use super::with_folder_of;

    #[test]
    fn the_folder_goes_last_and_once() {
        let library = Path::new("/opt/lib/libpython3.so");
        let with = |present: Option<&str>| with_folder_of(library, present.map(Into::into));
        assert_eq!(with(None), Some("/opt/lib".into()));
        assert_eq!(with(Some("/a")), Some("/a:/opt/lib".into()));
        assert_eq!(with(Some("/opt/lib:/a")), None);
    }
}
