//! What there is before anything is changed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{Edition, Metadata, Package, Target, TargetKind};

use crate::cargo;
use crate::cli::{CargoFlags, Selection};
use crate::manifest::{self, Declared, Manifest};
use crate::pymodule::{self, PyModule};

/// A package, as far as its tests are concerned.
#[derive(Clone, Debug)]
pub(crate) struct Project {
    /// Its name.
    pub(crate) name: String,
    /// Its edition.
    pub(crate) edition: Edition,
    /// Its manifest.
    pub(crate) manifest: Manifest,
    /// The dependencies that its workspace offers.
    pub(crate) offered: Vec<Declared>,
    /// Its test targets, those that cargo finds by itself included: name and file.
    pub(crate) tests: Vec<(String, PathBuf)>,
    /// Its library.
    pub(crate) library: Option<Library>,
}

/// The library of a package.
#[derive(Clone, Debug)]
pub(crate) struct Library {
    /// The crate's name.
    pub(crate) name: String,
    /// The file.
    pub(crate) path: PathBuf,
    /// What is in the file.
    pub(crate) source: String,
    /// The modules for Python in it.
    pub(crate) modules: Vec<PyModule>,
    /// Whether Rust code such as a test can use it.
    pub(crate) is_linkable: bool,
}

/// Why a project cannot be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// Not in a crate.
    #[error(
        "could not find `Cargo.toml` in `{}` or any parent directory: run this in a crate, name \
         one with `--manifest-path`, or make one with `maturin new --bindings pyo3`", .0.display()
    )]
    NoManifest(PathBuf),
    /// `--manifest-path` leads nowhere.
    #[error("there is no manifest `{}`: give `--manifest-path` a path to a Cargo.toml", .0.display())]
    NoSuchManifest(PathBuf),
    /// Unreadable or broken.
    #[error(transparent)]
    Manifest(#[from] manifest::Error),
    /// Cargo refuses it.
    #[error("cargo cannot load `{}`", path.display())]
    Metadata {
        /// The manifest.
        path: PathBuf,
        /// What cargo says.
        source: cargo_metadata::Error,
    },
    /// Several members, and none is chosen.
    #[error(
        "`{}` is the manifest of a workspace: choose a package with `--package`\n\navailable \
         packages: {}", path.display(), members.join(", ")
    )]
    Ambiguous {
        /// The manifest.
        path: PathBuf,
        /// The members.
        members: Vec<String>,
    },
    /// Not a member.
    #[error("no package `{package}` in the workspace\n\navailable packages: {}", members.join(", "))]
    NotAMember {
        /// What was asked for.
        package: String,
        /// The members.
        members: Vec<String>,
    },
}

impl Project {
    /// Looks at the package that is selected.
    pub(crate) fn inspect(selection: &Selection, flags: &CargoFlags) -> Result<Self, Error> {
        let path = locate(selection.manifest_path.as_deref())?;
        // Cargo would find this too, but without the column.
        let at_hand = Manifest::read(&path)?;
        let metadata = cargo::metadata(&path, flags).map_err(|source| Error::Metadata {
            path: path.clone(),
            source,
        })?;
        let package = select(&metadata, &path, selection.package.as_deref())?;
        let manifest = match same_file(package.manifest_path.as_std_path(), &path) {
            true => at_hand,
            false => Manifest::read(package.manifest_path.as_std_path())?,
        };
        let root = metadata.workspace_root.as_std_path().join("Cargo.toml");
        let offered = match same_file(&root, manifest.path()) {
            true => manifest.offered(),
            false => Manifest::read(&root)?.offered(),
        };
        Ok(Self {
            name: package.name.to_string(),
            edition: package.edition,
            manifest,
            offered,
            tests: tests(package),
            library: package.targets.iter().find_map(Library::read),
        })
    }

    /// The folder of the package.
    pub(crate) fn folder(&self) -> &Path {
        self.manifest.folder()
    }

    /// A file of the package, as people are shown it.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.folder())
            .unwrap_or(path)
            .display()
            .to_string()
    }

    /// The Rust files of the package. Packages inside it are not part of it.
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

impl Library {
    fn read(target: &Target) -> Option<Self> {
        if !target.kind.iter().any(is_library) {
            return None;
        }
        let path = target.src_path.clone().into_std_path_buf();
        let source = fs::read_to_string(&path).unwrap_or_default();
        let is_linkable = |kind| !matches!(kind, &TargetKind::CDyLib | &TargetKind::StaticLib);
        Some(Self {
            name: target.name.replace('-', "_"),
            path,
            modules: pymodule::find(&source),
            source,
            is_linkable: target.kind.iter().any(is_linkable),
        })
    }
}

fn is_library(kind: &TargetKind) -> bool {
    use TargetKind::{CDyLib, DyLib, Lib, RLib, StaticLib};
    matches!(kind, CDyLib | DyLib | Lib | RLib | StaticLib)
}

fn tests(package: &Package) -> Vec<(String, PathBuf)> {
    let tests = package.targets.iter().filter(|target| target.is_test());
    tests
        .map(|target| (target.name.clone(), target.src_path.clone().into()))
        .collect()
}

/// Finds the manifest as cargo does. Its folder is resolved and its name is not: for cargo a
/// manifest that is a link belongs to the folder where the link is.
fn locate(given: Option<&Path>) -> Result<PathBuf, Error> {
    if let Some(path) = given {
        let parent = path.parent().filter(|parent| *parent != Path::new(""));
        let folder = parent.unwrap_or(Path::new(".")).canonicalize();
        return match (folder, path.file_name()) {
            (Ok(folder), Some(name)) if path.is_file() => Ok(folder.join(name)),
            _ => Err(Error::NoSuchManifest(path.to_owned())),
        };
    }
    let here = env::current_dir().unwrap_or_default();
    let mut manifests = here.ancestors().map(|folder| folder.join("Cargo.toml"));
    manifests
        .find(|path| path.is_file())
        .ok_or_else(|| Error::NoManifest(here.clone()))
}

fn select<'a>(
    metadata: &'a Metadata,
    path: &Path,
    wanted: Option<&str>,
) -> Result<&'a Package, Error> {
    let packages = metadata.workspace_packages();
    let members = || {
        packages
            .iter()
            .map(|package| package.name.to_string())
            .collect()
    };
    if let Some(wanted) = wanted {
        let found = packages
            .iter()
            .copied()
            .find(|package| is_named(package, wanted));
        let package = wanted.to_owned();
        return found.ok_or_else(|| Error::NotAMember {
            package,
            members: members(),
        });
    }
    let is_here = |package: &&Package| same_file(package.manifest_path.as_std_path(), path);
    match (packages.iter().copied().find(is_here), packages.as_slice()) {
        (Some(package), _) => Ok(package),
        (None, [only]) => Ok(only),
        (None, _) => Err(Error::Ambiguous {
            path: path.to_owned(),
            members: members(),
        }),
    }
}

fn is_named(package: &Package, wanted: &str) -> bool {
    let (name, version) = match wanted.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (wanted, None),
    };
    package.name == name && version.is_none_or(|version| package.version.to_string() == version)
}

/// Whether two paths lead to the same place, links in the folders apart.
fn same_file(a: &Path, b: &Path) -> bool {
    let resolved = |path: &Path| {
        let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
        folder.map(|folder| folder.join(path.file_name().unwrap_or_default()))
    };
    a == b || (resolved(a).is_some() && resolved(a) == resolved(b))
}
