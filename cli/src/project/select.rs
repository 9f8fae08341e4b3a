//! The choice of the manifest and the package.

use std::env;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, Package};

use super::error::Error;
use super::pyproject;
use super::same_file::same_file;

/// A manifest, and the one of the package that is meant if this one is that of a workspace.
#[derive(Debug)]
pub(super) struct Located {
    pub(super) path: PathBuf,
    /// The manifest that pyproject.toml names.
    named: Option<PathBuf>,
}

/// Finds the manifest as cargo does, or else the one that a pyproject.toml names. Symbolic links in its folder are resolved; if the manifest is one itself it is not,
/// as for cargo it belongs to the folder of the link.
pub(super) fn locate(given: Option<&Path>) -> Result<Located, Error> {
    if let Some(path) = given {
        let parent = path.parent().filter(|parent| *parent != Path::new(""));
        let folder = parent.unwrap_or(Path::new(".")).canonicalize();
        return match (folder, path.file_name()) {
            (Ok(folder), Some(name)) if path.is_file() => Ok(Located {
                path: folder.join(name),
                named: None,
            }),
            _ => Err(Error::NoSuchManifest(path.to_owned())),
        };
    }
    let here = env::current_dir().unwrap_or_default();
    let mut located = here.ancestors().filter_map(locate_in);
    let reason = || pyproject::error_near(&here).unwrap_or_else(|| Error::NoManifest(here.clone()));
    located.next().ok_or_else(reason)
}

fn locate_in(folder: &Path) -> Option<Located> {
    let named = pyproject::manifest_named_in(folder);
    let beside = folder.join("Cargo.toml");
    let path = match beside.is_file() {
        true => beside,
        false => named.clone()?,
    };
    Some(Located { path, named })
}

pub(super) fn select<'a>(
    metadata: &'a Metadata,
    located: &Located,
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
    let paths = [Some(&located.path), located.named.as_ref()];
    let at = |path: &Path| {
        let mut packages = packages.iter().copied();
        packages.find(|package| same_file(package.manifest_path.as_std_path(), path))
    };
    let found = paths.into_iter().flatten().find_map(|path| at(path));
    match (
        found.or_else(|| only_default(metadata)),
        packages.as_slice(),
    ) {
        (Some(package), _) => Ok(package),
        (None, [only]) => Ok(only),
        (None, _) => Err(Error::Ambiguous {
            path: located.path.clone(),
            members: members(),
        }),
    }
}

/// Returns the one member that cargo takes by default, unless only others use pyo3.
fn only_default(metadata: &Metadata) -> Option<&Package> {
    let uses_pyo3 = |package: &Package| {
        package
            .dependencies
            .iter()
            .any(|dependency| dependency.name == "pyo3")
    };
    let is_given = metadata.workspace_default_members.is_available();
    let default = is_given.then(|| metadata.workspace_default_packages());
    let [only] = default?.try_into().ok()?;
    let mut packages = metadata.workspace_packages().into_iter();
    (uses_pyo3(only) || !packages.any(uses_pyo3)).then_some(only)
}

fn is_named(package: &Package, wanted: &str) -> bool {
    let (name, version) = match wanted.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (wanted, None),
    };
    package.name == name && version.is_none_or(|version| package.version.to_string() == version)
}

/// Returns the selected package, or else all members of a workspace that is no package itself.
pub(super) fn select_all<'a>(
    metadata: &'a Metadata,
    located: &Located,
    wanted: Option<&str>,
) -> Result<Vec<&'a Package>, Error> {
    let root = metadata.workspace_root.as_std_path().join("Cargo.toml");
    let is_root = same_file(&root, &located.path) && metadata.root_package().is_none();
    match wanted {
        None if is_root => Ok(metadata.workspace_packages()),
        wanted => select(metadata, located, wanted).map(|package| vec![package]),
    }
}
