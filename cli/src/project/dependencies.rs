//! The dependencies of a package, and its use of pyo3-aio.

use super::manifest::{Dependency, Section};
use super::package::Project;

/// The package that pyo3-aio replaces.
pub(crate) const PEER: &str = "pyo3-async-runtimes";

const LIBRARY: &str = "pyo3-aio";

impl Project {
    /// Returns the entries for a package in `[dependencies]` and `[dev-dependencies]`, completed by those of the
    /// workspace that they inherit.
    pub(crate) fn dependencies(&self, package: &str) -> Vec<Dependency> {
        let dependencies = self.manifest.dependencies().into_iter();
        let dependencies = dependencies.map(|entry| inherit(entry, &self.workspace_dependencies));
        let is_wanted =
            |entry: &Dependency| entry.section != Section::Build && entry.package() == package;
        dependencies.filter(is_wanted).collect()
    }

    /// Returns the features of pyo3-aio that tests get, or `None` without a dependency on pyo3-aio.
    pub(crate) fn library_features(&self) -> Option<Vec<String>> {
        let dependencies = self.dependencies(LIBRARY);
        let mut features: Vec<String> = Vec::new();
        for feature in dependencies.iter().flat_map(|entry| &entry.features) {
            if !features.contains(feature) {
                features.push(feature.clone());
            }
        }
        (!dependencies.is_empty()).then_some(features)
    }

    /// Returns the names of pyo3-aio in the package's code; `pyo3_aio` is always one, as `init` may add it.
    pub(crate) fn library_crates(&self) -> Vec<String> {
        let mut names = vec!["pyo3_aio".to_owned()];
        names.extend(self.crate_names(LIBRARY));
        names
    }

    /// Returns the names of pyo3-async-runtimes in the package's code.
    pub(crate) fn peer_crates(&self) -> Vec<String> {
        self.crate_names(PEER)
    }

    fn crate_names(&self, package: &str) -> Vec<String> {
        let dependencies = self.dependencies(package);
        dependencies.iter().map(Dependency::crate_name).collect()
    }

    /// Returns the requirement for pyo3's version, or `None` without a dependency on pyo3.
    pub(crate) fn pyo3_requirement(&self) -> Option<String> {
        let entry = self.dependencies("pyo3").into_iter().next()?;
        Some(entry.version.unwrap_or_default())
    }

    /// Whether `[dependencies]` turns the feature `testing` on, so that the released library needs libpython.
    pub(crate) fn ships_testing(&self) -> bool {
        let dependencies = self.dependencies(LIBRARY);
        let mut normal = dependencies
            .iter()
            .filter(|entry| entry.section == Section::Normal);
        normal.any(Dependency::has_testing)
    }

    /// Whether cargo's resolver passes the feature `testing` of a dev-dependency on to the released library.
    pub(crate) fn leaks_testing(&self) -> bool {
        let dependencies = self.dependencies(LIBRARY);
        let mut sections = dependencies.iter().map(|entry| entry.section);
        self.resolver.unifies_dev_features
            && sections.any(|section| section == Section::Normal)
            && dependencies.iter().any(Dependency::has_testing)
    }
}

impl Dependency {
    fn has_testing(&self) -> bool {
        self.features.iter().any(|feature| feature == "testing")
    }
}

fn inherit(mut entry: Dependency, offered: &[Dependency]) -> Dependency {
    let offer = offered
        .iter()
        .find(|offer| offer.location.key == entry.location.key);
    if let Some(offer) = offer.filter(|_| entry.is_inherited) {
        entry.package.clone_from(&offer.package);
        entry.version.clone_from(&offer.version);
        entry.features.extend(offer.features.iter().cloned());
    }
    entry
}
