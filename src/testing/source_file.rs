//! Source files, and their paths when the tests run.

use std::env;
use std::path::{Path, PathBuf};

/// A position in a source file: `file!()`, `line!()` and `column!()`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourceLocation {
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// A source file and its package: the file of `main!` or of a fixture.
#[derive(Debug, Clone, Copy)]
pub struct SourceFile {
    /// `file!()`, relative to the root of the workspace.
    pub file: &'static str,
    /// `env!("CARGO_MANIFEST_DIR")`.
    pub manifest_dir: &'static str,
}

impl SourceFile {
    /// Returns the folder of the package on the machine that runs the tests.
    pub(crate) fn manifest_dir(&self) -> PathBuf {
        runtime_manifest_dir().unwrap_or_else(|| PathBuf::from(self.manifest_dir))
    }
}

/// Returns the package's folder from the environment that cargo and nextest set. It differs from the one at build time if
/// the tests were built elsewhere (`cargo nextest archive`).
pub(crate) fn runtime_manifest_dir() -> Option<PathBuf> {
    env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from)
}

/// Returns the folder that `file` lies in.
///
/// `file!()` is relative to the root of the workspace, which is the package's folder or one above it.
pub(crate) fn folder_of(file: &str, manifest_dir: &Path) -> Option<PathBuf> {
    Some(find(file, manifest_dir)?.parent()?.to_owned())
}

/// Returns the path of `file`, if it is there.
pub(crate) fn find(file: &str, manifest_dir: &Path) -> Option<PathBuf> {
    let mut roots = manifest_dir.ancestors();
    roots.find_map(|root| Some(root.join(file)).filter(|path| path.is_file()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_from_the_package_and_from_one_below_the_root() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let expected = Some(root.join("src/testing"));
        assert_eq!(folder_of("src/testing/source_file.rs", root), expected);
        assert_eq!(
            folder_of("src/testing/source_file.rs", &root.join("macros")),
            expected
        );
        assert_eq!(folder_of("src/testing/absent.rs", root), None);
    }
}
