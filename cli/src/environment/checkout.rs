//! The checkout of this repository that the subcommand was built from.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

/// Finds the folder of package `pyo3-aio`, if the subcommand was built from a checkout of it.
///
/// Sources in cargo's home are no checkout: cargo deletes them when it cleans up.
pub(crate) fn find() -> Option<PathBuf> {
    let parent = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let checkout = parent.canonicalize().ok()?;
    let is_in_cargo_home = cargo_home().is_some_and(|home| checkout.starts_with(home));
    (!is_in_cargo_home && is_pyo3_aio(&checkout)).then_some(checkout)
}

/// Returns the folder that the subcommand was built from, if it has been deleted.
///
/// A folder of a published version does not count: the registry has that version.
pub(crate) fn find_deleted() -> Option<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_gone = !package.is_dir() && !is_from_registry(package);
    package.parent().filter(|_| is_gone).map(Path::to_owned)
}

/// Whether the folder is in `registry/src` of a cargo home, not necessarily of this user's.
fn is_from_registry(package: &Path) -> bool {
    let names: Vec<_> = package.iter().collect();
    names.windows(2).any(|names| names == ["registry", "src"])
}

/// Returns the folder of cargo's downloads and configuration.
pub(crate) fn cargo_home() -> Option<PathBuf> {
    let home = match env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => env::home_dir()?.join(".cargo"),
    };
    home.canonicalize().ok()
}

/// Whether the folder's manifest is that of package `pyo3-aio`.
pub(crate) fn is_pyo3_aio(folder: &Path) -> bool {
    let Ok(text) = fs::read_to_string(folder.join("Cargo.toml")) else {
        return false;
    };
    let manifest = text.parse::<DocumentMut>().ok();
    manifest.is_some_and(|manifest| {
        let name = manifest
            .get("package")
            .and_then(|package| package.get("name"));
        name.and_then(|name| name.as_str()) == Some("pyo3-aio")
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::is_from_registry;

    #[test]
    fn sources_from_the_registry_are_known_by_their_folder() {
        let is_from = |path| is_from_registry(Path::new(path));
        assert!(is_from(
            "/home/a/.cargo/registry/src/index-1/cargo-pyo3-async-test-0.1.0"
        ));
        assert!(!is_from("/home/a/.cargo/git/checkouts/pyo3-aio-1/2/cli"));
        assert!(!is_from("/home/a/registry/pyo3-aio/cli"));
    }
}
