//! The package's pyo3 and ours must be the same: only one can be linked.

use cargo_metadata::semver::{Version, VersionReq};

use super::Error;
use super::dependency::{Need, declared, supply as supply_dependency};
use crate::project::Project;
use crate::project::manifest::Edit;

/// The versions that pyo3-aio works with, for people.
pub(crate) const RANGE: &str = "0.27 to 0.30";

/// The same, as minor versions.
const MINORS: std::ops::RangeInclusive<u64> = 27..=30;

/// The version that a package gets which has none.
pub(crate) const NEWEST: &str = "0.30";

/// Checks the version, adds pyo3 if there is none, and tells its name in the code.
pub(super) fn supply(project: &Project, edits: &mut Vec<Edit>) -> Result<String, Error> {
    for entry in declared(project, "pyo3") {
        let version = entry.version.unwrap_or_default();
        if !is_compatible(&version) {
            return Err(Error::Pyo3 {
                package: project.name.clone(),
                version,
            });
        }
    }
    Ok(supply_dependency(
        project,
        &Need::version("pyo3", NEWEST, &[]),
        edits,
    ))
}

/// The version that the package asks for.
pub(crate) fn requirement(project: &Project) -> Option<String> {
    let entry = declared(project, "pyo3").into_iter().next()?;
    Some(entry.version.unwrap_or_default())
}

/// Whether some version satisfies both. A requirement that is not one is cargo's business.
pub(crate) fn is_compatible(requirement: &str) -> bool {
    let Ok(requirement) = VersionReq::parse(requirement) else {
        return true;
    };
    // Patch levels that a requirement may ask for; pyo3 has not gone beyond ten.
    let mut versions = MINORS.flat_map(|minor| (0..40).map(move |patch| (minor, patch)));
    versions.any(|(minor, patch)| requirement.matches(&Version::new(0, minor, patch)))
}

#[cfg(test)]
mod tests {
    use super::is_compatible;

    #[test]
    fn what_overlaps_is_compatible() {
        for requirement in [
            "0.27",
            "0.30.1",
            "=0.28.3",
            ">=0.20",
            ">=0.22, <0.28",
            "*",
            "",
            "?",
        ] {
            assert!(is_compatible(requirement), "{requirement}");
        }
        for requirement in ["0.26", "0.31", "1", "=0.22.1", ">=0.31", "<0.27"] {
            assert!(!is_compatible(requirement), "{requirement}");
        }
    }
}
