//! A package, as it is before anything is changed.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{Edition, Metadata, Package};

use super::error::Error;
use super::library::Library;
use super::manifest::{Dependency, Manifest};
use super::resolver::Resolver;
use super::rust::TestLocation;
use super::same_file::same_file;
use super::select::{Located, locate, select, select_all};
use crate::cli::{CargoFlags, Selection};
use crate::environment::cargo;

/// A package, with everything that its tests depend on.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    /// Its name.
    pub(crate) name: String,
    /// Its edition.
    pub(crate) edition: Edition,
    /// Its manifest.
    pub(crate) manifest: Manifest,
    /// The dependencies that its workspace offers.
    pub(crate) workspace_dependencies: Vec<Dependency>,
    /// The resolver that cargo uses for it.
    pub(crate) resolver: Resolver,
    /// Its test targets, those that cargo finds by itself included.
    pub(crate) tests: Vec<TestTarget>,
    /// Its features.
    pub(crate) features: BTreeMap<String, Vec<String>>,
    /// Cargo's target folder.
    pub(crate) target_directory: PathBuf,
    /// The folder of the workspace.
    pub(crate) workspace_root: PathBuf,
    /// The folder of intermediate build files, which `build.build-dir` can set apart from the target folder.
    pub(crate) build_directory: PathBuf,
    /// The lints that its manifest, or that of its workspace, turns on.
    pub(crate) lints: Vec<String>,
    /// Its library.
    pub(crate) library: Option<Library>,
}

/// A test target, as cargo knows it.
#[derive(Clone, Debug)]
pub(crate) struct TestTarget {
    /// Its name.
    pub(crate) name: String,
    /// Its file.
    pub(crate) path: PathBuf,
    /// The features without which cargo skips it.
    pub(crate) required_features: Vec<String>,
}

impl Project {
    /// Inspects the selected package.
    pub(crate) fn inspect(selection: &Selection, flags: &CargoFlags) -> Result<Self, Error> {
        let (located, metadata) = load(selection, flags)?;
        let package = select(&metadata, &located, selection.package.as_deref())?;
        Self::read(&metadata, package)
    }

    /// Inspects the selected package, or without a selection all members of the workspace.
    pub(crate) fn inspect_all(
        selection: &Selection,
        flags: &CargoFlags,
    ) -> Result<Vec<Self>, Error> {
        let (located, metadata) = load(selection, flags)?;
        let packages = select_all(&metadata, &located, selection.package.as_deref())?;
        packages
            .into_iter()
            .map(|package| Self::read(&metadata, package))
            .collect()
    }

    /// Inspects all members of the workspace, whichever of them the manifest belongs to.
    pub(crate) fn inspect_workspace(
        manifest_path: Option<&Path>,
        flags: &CargoFlags,
    ) -> Result<Vec<Self>, Error> {
        let selection = Selection {
            manifest_path: manifest_path.map(Path::to_owned),
            ..Selection::default()
        };
        let (_, metadata) = load(&selection, flags)?;
        let packages = metadata.workspace_packages().into_iter();
        packages
            .map(|package| Self::read(&metadata, package))
            .collect()
    }

    fn read(metadata: &Metadata, package: &Package) -> Result<Self, Error> {
        let manifest = Manifest::read(package.manifest_path.as_std_path())?;
        let root = metadata.workspace_root.as_std_path().join("Cargo.toml");
        let root = match same_file(&root, manifest.path()) {
            true => manifest.clone(),
            false => Manifest::read(&root)?,
        };
        let target = metadata.target_directory.clone();
        let lints = manifest.lints();
        Ok(Self {
            lints: lints.unwrap_or_else(|| root.workspace_lints()),
            name: package.name.to_string(),
            edition: package.edition,
            manifest,
            workspace_dependencies: root.workspace_dependencies(),
            resolver: Resolver::read(metadata, &root),
            tests: tests(package),
            features: package.features.clone(),
            library: package.targets.iter().find_map(Library::read),
            build_directory: metadata
                .build_directory
                .clone()
                .unwrap_or(target.clone())
                .into(),
            target_directory: target.into(),
            workspace_root: metadata.workspace_root.clone().into(),
        })
    }

    /// The folder of the package.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest.folder()
    }

    /// Returns the arguments, with a blank before them, by which cargo finds the package from the current folder: none if
    /// that is the package's.
    pub(crate) fn cargo_arguments(&self) -> String {
        let here = env::current_dir().unwrap_or_default();
        match self.manifest_elsewhere() {
            Some(path) => {
                let path = path.strip_prefix(&here).unwrap_or(path);
                format!(" --manifest-path {}", path.display())
            }
            None if here.starts_with(self.folder()) => String::new(),
            None => format!(" -p {}", self.name),
        }
    }

    /// The manifest, if cargo would not find it from the current folder.
    pub(crate) fn manifest_elsewhere(&self) -> Option<&Path> {
        let here = env::current_dir().unwrap_or_default();
        let is_found = here.starts_with(self.folder()) || here.starts_with(&self.workspace_root);
        (!is_found).then(|| self.manifest.path())
    }

    /// Whether the package uses Python, or is a test of what does.
    pub(crate) fn uses_python(&self) -> bool {
        let packages = ["pyo3", "pyo3-aio"];
        let mut packages = packages.iter();
        packages.any(|package| !self.dependencies(package).is_empty()) || !self.peers().is_empty()
    }

    /// Returns a path as messages show it: relative to the package's folder.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.folder())
            .unwrap_or(path)
            .display()
            .to_string()
    }

    /// Formats the locations of tests for messages.
    pub(crate) fn show_tests(&self, tests: &[TestLocation]) -> Vec<String> {
        let shown = tests.iter().map(|test| test.show(|path| self.shown(path)));
        shown.collect()
    }

    /// Reads all Rust files below the package's folder, but for those of packages inside it.
    pub(crate) fn sources(&self) -> Vec<(PathBuf, String)> {
        let mut sources = Vec::new();
        let mut folders = vec![self.folder().to_owned()];
        while let Some(folder) = folders.pop() {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
            paths.sort();
            for path in paths {
                let name = path
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                let is_package = path.join("Cargo.toml").exists();
                if path.is_dir() && !name.starts_with('.') && name != "target" && !is_package {
                    folders.push(path);
                } else if name.ends_with(".rs") {
                    sources.extend(fs::read_to_string(&path).map(|text| (path, text)));
                }
            }
        }
        sources
    }
}

/// Finds the manifest and runs `cargo metadata`.
fn load(selection: &Selection, flags: &CargoFlags) -> Result<(Located, Metadata), Error> {
    let located = locate(selection.manifest_path.as_deref())?;
    // Cargo reports a syntax error too, but without the column.
    Manifest::read(&located.path)?;
    match cargo::metadata(&located.path, flags) {
        Ok(metadata) => Ok((located, metadata)),
        Err(source) => Err(Error::Metadata {
            path: located.path,
            source,
        }),
    }
}

fn tests(package: &Package) -> Vec<TestTarget> {
    let tests = package.targets.iter().filter(|target| target.is_test());
    let read = |target: &cargo_metadata::Target| TestTarget {
        name: target.name.clone(),
        path: target.src_path.clone().into(),
        required_features: target.required_features.clone(),
    };
    tests.map(read).collect()
}
