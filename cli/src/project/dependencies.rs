//! The dependencies of a package, and its use of pyo3-aio.

use std::collections::BTreeSet;

use super::manifest::{Dependency, Section};
use super::package::Project;
use super::pyo3_versions;

/// The packages that pyo3-aio replaces: they have the same API. A version of theirs works with one version of pyo3.
const PEERS: [&str; 3] = ["pyo3-async-runtimes", "pyo3-asyncio", "pyo3-asyncio-0-21"];

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

    /// Returns the entries for packages that pyo3-aio replaces.
    pub(crate) fn peers(&self) -> Vec<Dependency> {
        let all = PEERS.iter();
        all.flat_map(|package| self.dependencies(package)).collect()
    }

    /// Returns the names of these packages in the package's code.
    pub(crate) fn peer_crates(&self) -> Vec<String> {
        self.peers().iter().map(Dependency::crate_name).collect()
    }

    /// Returns the first of these packages that cannot be linked beside pyo3-aio, as it needs an older pyo3.
    pub(crate) fn old_peer(&self) -> Option<OldPeer> {
        let mut peers = self.peers().into_iter();
        peers.find_map(|entry| {
            let package = entry.package().to_owned();
            let version = entry.version.unwrap_or_default();
            let is_old = package != PEERS[0] || !pyo3_versions::is_compatible(&version);
            is_old.then_some(OldPeer { package, version })
        })
    }

    /// Returns the features of the package that are on by default.
    pub(crate) fn default_features(&self) -> BTreeSet<String> {
        let mut enabled = BTreeSet::new();
        let mut todo = vec!["default".to_owned()];
        while let Some(name) = todo.pop() {
            if let Some(implied) = self.features.get(&name) {
                if enabled.insert(name) {
                    todo.extend(implied.iter().cloned());
                }
            }
        }
        enabled
    }

    /// Returns the feature without which the package does not have pyo3; `None` if it always has it.
    ///
    /// A dev-dependency does not count: tests get it, and the library's code for Python stays left out.
    pub(crate) fn feature_of_pyo3(&self) -> Option<String> {
        let entries = self.dependencies("pyo3");
        let mut normal = entries
            .iter()
            .filter(|entry| entry.section == Section::Normal);
        let entry = normal.next().filter(|entry| entry.is_optional)?;
        let key = &entry.location.key;
        let turns_on = |(_, implied): &(&String, &Vec<String>)| {
            let by_name = [format!("dep:{key}"), key.clone()];
            let by_feature = format!("{key}/");
            implied
                .iter()
                .any(|name| by_name.contains(name) || name.starts_with(&by_feature))
        };
        let mut features: Vec<&String> = self
            .features
            .iter()
            .filter(turns_on)
            .map(|(name, _)| name)
            .collect();
        let enabled = self.default_features();
        if features.iter().any(|name| enabled.contains(*name)) {
            return None;
        }
        // One that a maintainer has named goes before the one that cargo makes for an optional dependency.
        features.sort_by_key(|name| *name == key);
        features.first().map(|name| (*name).clone())
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

/// A package that pyo3-aio replaces, in a version that needs an older pyo3 than pyo3-aio does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct OldPeer {
    /// The package.
    pub(crate) package: String,
    /// The requirement for its version.
    pub(crate) version: String,
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
