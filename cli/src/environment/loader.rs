//! The variable in which the loader looks for libpython.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The variable in which the loader looks for folders.
pub(crate) const VARIABLE: &str = if cfg!(target_os = "macos") {
    "DYLD_FALLBACK_LIBRARY_PATH"
} else if cfg!(windows) {
    "PATH"
} else {
    "LD_LIBRARY_PATH"
};

/// Returns the variable's value with the library's folder at the end, so that folders of cargo or of the user come first.
/// `None` if the folder is in it already.
pub(crate) fn with_folder_of(library: &Path, present: Option<OsString>) -> Option<OsString> {
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
