//! Cargo's error about two versions of a package of which only one can be linked.

use std::fmt;

/// Two versions of pyo3, and the packages that ask for them.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct LinkConflict {
    versions: [AskedVersion; 2],
}

#[derive(Debug, Eq, PartialEq)]
struct AskedVersion {
    version: String,
    /// The package that asks for it, with its version.
    asked_by: Option<String>,
}

impl fmt::Display for LinkConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = &self.versions;
        write!(f, "{first}, {second}")
    }
}

impl fmt::Display for AskedVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.asked_by {
            Some(package) => write!(f, "{} by `{package}`", self.version),
            None => write!(f, "{}", self.version),
        }
    }
}

impl LinkConflict {
    /// Reads cargo's error: the package that cannot be selected with those that require it, and then the package that was
    /// selected before it with those that require that one.
    pub(super) fn read(error: &str) -> Option<Self> {
        let (rejected, selected) = error.split_once("links to the native library `python`")?;
        let selected = AskedVersion::find(&packages(selected))?;
        let rejected = AskedVersion::find(&rejected_packages(rejected))?;
        Some(Self {
            versions: [selected, rejected],
        })
    }
}

impl AskedVersion {
    /// Finds pyo3, or else pyo3-ffi, in a chain in which each package is required by the next.
    fn find(chain: &[(&str, &str)]) -> Option<Self> {
        let at = |wanted: &str| chain.iter().position(|(name, _)| *name == wanted);
        let position = at("pyo3").or_else(|| at("pyo3-ffi"))?;
        let asked_by = chain.get(position + 1);
        Some(Self {
            version: chain[position].1.to_owned(),
            asked_by: asked_by.map(|(name, version)| format!("{name} {version}")),
        })
    }
}

/// Returns the packages in the text, in their order, with their versions: cargo writes `name v1.2.3 (path)`.
fn packages(text: &str) -> Vec<(&str, &str)> {
    let quoted = text
        .lines()
        .filter_map(|line| line.rsplit_once("package `"));
    let quoted = quoted.filter_map(|(_, quoted)| quoted.split('`').next());
    let parts = quoted.filter_map(|quoted| quoted.split_once(" v"));
    let parts = parts.map(|(name, version)| (name, version.split(' ').next().unwrap_or(version)));
    parts.collect()
}

/// Returns the packages of the first part of the error, which names the rejected one and its version apart.
fn rejected_packages(text: &str) -> Vec<(&str, &str)> {
    let name = text.split_once("failed to select a version for `");
    let name = name.and_then(|(_, rest)| rest.split('`').next());
    let version = text.split_once(" are: ");
    let version = version.and_then(|(_, rest)| rest.split([',', '\n']).next());
    let rejected = name.zip(version);
    rejected.into_iter().chain(packages(text)).collect()
}

#[cfg(test)]
mod tests {
    use super::LinkConflict;

    const ERROR: &str = "error: failed to select a version for `pyo3-ffi`.
    ... required by package `pyo3 v0.30.1`
    ... which satisfies dependency `pyo3 = \"^0.30\"` of package `pyo3-async-runtimes v0.30.0`
    ... which satisfies dependency `pyo3-async-runtimes = \"^0.30\"` of package `demo v0.1.0 (/demo)`
versions that meet the requirements `=0.30.1` are: 0.30.1

package `pyo3-ffi` links to the native library `python`, but it conflicts with a previous package which links to `python` as well:
package `pyo3-ffi v0.28.3`
    ... which satisfies dependency `pyo3-ffi = \"=0.28.3\"` of package `pyo3 v0.28.3`
    ... which satisfies dependency `pyo3 = \"^0.28\"` of package `demo v0.1.0 (/demo)`
Only one package in the dependency graph may specify the same links value.";

    #[test]
    fn both_versions_and_who_asks_for_them_are_read() {
        let conflict = LinkConflict::read(ERROR).unwrap();
        let expected = "0.28.3 by `demo 0.1.0`, 0.30.1 by `pyo3-async-runtimes 0.30.0`";
        assert_eq!(conflict.to_string(), expected);
    }

    #[test]
    fn other_errors_are_none() {
        assert_eq!(
            LinkConflict::read("error: no matching package named `pyo3` found"),
            None
        );
    }
}
