//! The choice of the manifest and the package.

use std::env;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, Package};

use super::error::Error;

/// Finds the manifest as cargo does. Symbolic links in its folder are resolved; if the manifest is one itself it is not,
/// as for cargo it belongs to the folder of the link.
pub(super) fn locate(given: Option<&Path>) -> Result<PathBuf, Error> {
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

pub(super) fn select<'a>(
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

/// Returns the selected package, or else all members of a workspace that is no package itself.
pub(super) fn select_all<'a>(
    metadata: &'a Metadata,
    path: &Path,
    wanted: Option<&str>,
) -> Result<Vec<&'a Package>, Error> {
    match select(metadata, path, wanted) {
        Err(Error::Ambiguous { .. }) => Ok(metadata.workspace_packages()),
        selected => selected.map(|package| vec![package]),
    }
}

/// Whether two paths are those of the same file, after symbolic links in their folders are resolved.
pub(super) fn same_file(a: &Path, b: &Path) -> bool {
    let resolved = |path: &Path| {
        let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
        folder.map(|folder| folder.join(path.file_name().unwrap_or_default()))
    };
    a == b || (resolved(a).is_some() && resolved(a) == resolved(b))
}
