//! Cargo's resolver of features.
//!
//! Resolver 1 builds a package once, with the features that dev-dependencies ask for, even where
//! they are not built: <https://doc.rust-lang.org/cargo/reference/resolver.html#feature-resolver-version-2>.

use std::path::{Path, PathBuf};

use cargo_metadata::{Edition, Metadata};

use super::same_file::same_file;
use crate::project::manifest::Manifest;

/// The resolver that the root of the workspace decides on.
#[derive(Clone, Debug)]
pub(crate) struct Resolver {
    /// Whether the features of dev-dependencies are turned on in the released library too.
    pub(crate) unifies_dev_features: bool,
    /// The root's manifest.
    pub(crate) manifest: PathBuf,
    /// The table of that manifest that chooses the resolver.
    pub(crate) table: &'static str,
}

impl Resolver {
    pub(super) fn read(metadata: &Metadata, root: &Manifest) -> Self {
        let mut packages = metadata.packages.iter();
        let edition = packages
            .find(|package| same_file(package.manifest_path.as_std_path(), root.path()))
            .map(|package| package.edition);
        let table = match root.is_workspace() {
            true => "workspace",
            false => "package",
        };
        Self {
            unifies_dev_features: is_first(root.resolver(), edition),
            manifest: root.path().to_owned(),
            table,
        }
    }

    /// Returns the change that selects a resolver which keeps the features of dev-dependencies to tests.
    pub(crate) fn solution(&self, shown: impl FnOnce(&Path) -> String) -> String {
        let (table, path) = (self.table, shown(&self.manifest));
        format!("set `resolver = \"2\"` in [{table}] of {path}")
    }
}

/// Whether the key, or else the edition of the root package, selects the first resolver. A workspace without a root
/// package has no edition, whatever the editions of its members are.
fn is_first(key: Option<&str>, edition: Option<Edition>) -> bool {
    match (key, edition) {
        (Some(key), _) => key == "1",
        (None, Some(edition)) => edition < Edition::E2021,
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use cargo_metadata::Edition;

    use super::is_first;

    #[test]
    fn the_key_goes_before_the_edition() {
        assert!(is_first(Some("1"), Some(Edition::E2024)));
        assert!(!is_first(Some("2"), Some(Edition::E2015)));
        assert!(!is_first(Some("3"), None));
    }

    #[test]
    fn the_edition_of_the_root_package_decides_without_the_key() {
        assert!(is_first(None, Some(Edition::E2018)));
        assert!(!is_first(None, Some(Edition::E2021)));
        assert!(!is_first(None, Some(Edition::E2024)));
    }

    #[test]
    fn a_virtual_workspace_without_the_key_has_the_first() {
        assert!(is_first(None, None));
    }
}
