//! Paths of source files, from the root of the repository.
//!
//! rustc names a file by its path from the folder that cargo started it in: the root of the workspace, which may be
//! anywhere in the repository. Files of other packages have absolute paths.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

/// The repository that the sources of the test binary are in.
pub(super) struct Repository {
    /// The folder of the package, or else the working directory.
    package: PathBuf,
    root: Option<PathBuf>,
    paths: BTreeMap<String, Option<String>>,
}

impl Repository {
    /// Finds it by the environment, which tests may change later.
    pub(super) fn find() -> Self {
        let package = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let package = package.or_else(|| env::current_dir().ok());
        Self::of(
            package.unwrap_or_default(),
            env::var_os("GITHUB_WORKSPACE").map(PathBuf::from),
        )
    }

    fn of(package: PathBuf, workspace: Option<PathBuf>) -> Self {
        let is_around = |root: &PathBuf| below(&package, root).is_some();
        let has_git = |folder: &&Path| folder.join(".git").exists();
        let checked_out = || package.ancestors().find(has_git).map(Path::to_owned);
        Self {
            root: workspace.filter(is_around).or_else(checked_out),
            package,
            paths: BTreeMap::new(),
        }
    }

    /// Returns the path of a file that rustc calls `file`, if it is in the repository.
    pub(super) fn path(&mut self, file: &str) -> Option<String> {
        if let Some(path) = self.paths.get(file) {
            return path.clone();
        }
        let path = self.find_path(Path::new(file));
        self.paths.insert(file.to_owned(), path.clone());
        path
    }

    fn find_path(&self, file: &Path) -> Option<String> {
        let root = self.root.as_ref()?;
        let path = below(&self.locate(file)?, root)?;
        if is_generated(&path, root) {
            return None;
        }
        let parts = path.iter().map(|part| part.to_str());
        Some(parts.collect::<Option<Vec<_>>>()?.join("/"))
    }

    /// Finds a file below the folder that rustc was started in. If it is in several, that is the one with the file
    /// that cargo locks versions in.
    fn locate(&self, file: &Path) -> Option<PathBuf> {
        let folders = || {
            let folders = self.package.ancestors();
            folders.filter(|folder| folder.join(file).is_file())
        };
        let is_workspace = |folder: &&Path| folder.join("Cargo.lock").is_file();
        let folder = folders().find(is_workspace).or_else(|| folders().next())?;
        Some(folder.join(file))
    }
}

/// Returns the path of `file` from `folder` on, if it is there.
fn below(file: &Path, folder: &Path) -> Option<PathBuf> {
    let real = file.canonicalize().ok().zip(folder.canonicalize().ok());
    let (file, folder) = real.unwrap_or((file.to_owned(), folder.to_owned()));
    file.strip_prefix(folder).ok().map(Path::to_owned)
}

/// Says whether a file is in a folder that cargo marks as none of the repository's: what build scripts write, for
/// example.
fn is_generated(path: &Path, root: &Path) -> bool {
    let folders = path.ancestors().skip(1);
    let mut folders = folders.filter(|folder| !folder.as_os_str().is_empty());
    folders.any(|folder| root.join(folder).join("CACHEDIR.TAG").exists())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Makes a repository with these files.
    fn repository(name: &str, files: &[&str]) -> PathBuf {
        let root = env::temp_dir().join(format!("libtest-async-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    fn path(root: &Path, package: &str, file: &str) -> Option<String> {
        Repository::of(root.join(package), Some(root.to_owned())).path(file)
    }

    #[test]
    fn a_package_may_be_in_a_subfolder() {
        let root = repository("subfolder", &["rust/Cargo.lock", "rust/tests/a.rs"]);
        let expected = Some("rust/tests/a.rs".to_owned());
        assert_eq!(path(&root, "rust", "tests/a.rs"), expected);
        let absolute = root.join("rust/tests/a.rs");
        assert_eq!(path(&root, "rust", absolute.to_str().unwrap()), expected);
        assert_eq!(path(&root, "rust", "tests/../tests/a.rs"), expected);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn files_of_a_member_are_named_from_the_workspace() {
        let files = [
            "src/lib.rs",
            "ws/Cargo.lock",
            "ws/src/lib.rs",
            "ws/crates/a/src/lib.rs",
        ];
        let root = repository("member", &files);
        for (file, expected) in [
            ("crates/a/src/lib.rs", Some("ws/crates/a/src/lib.rs")),
            ("src/lib.rs", Some("ws/src/lib.rs")),
            ("crates/b/src/lib.rs", None),
        ] {
            assert_eq!(path(&root, "ws/crates/a", file).as_deref(), expected);
        }
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn what_is_outside_has_no_path() {
        let files = [
            "repo/.git/HEAD",
            "repo/src/a.rs",
            "repo/target/CACHEDIR.TAG",
            "repo/target/debug/out.rs",
            "dependency/b.rs",
        ];
        let root = repository("outside", &files);
        let mut repository = Repository::of(root.join("repo"), Some(root.join("dependency")));
        for outside in ["dependency/b.rs", "repo/target/debug/out.rs"] {
            assert_eq!(repository.path(root.join(outside).to_str().unwrap()), None);
        }
        assert_eq!(repository.path("src/a.rs").as_deref(), Some("src/a.rs"));
        fs::remove_dir_all(root).unwrap();
    }
}
