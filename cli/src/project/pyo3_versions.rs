//! The versions of pyo3 that pyo3-aio works with.

use cargo_metadata::semver::{Version, VersionReq};

/// The range as messages show it.
pub(crate) const RANGE: &str = "0.27 to 0.30";

/// The minor versions of [`RANGE`].
const MINORS: std::ops::RangeInclusive<u64> = 27..=30;

/// The requirement that `init` writes where the package has no pyo3.
pub(crate) const NEWEST: &str = "0.30";

/// Whether the requirement allows a version that pyo3-aio works with. One that does not parse counts, as cargo reports
/// it.
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
    fn overlapping_requirements_are_compatible() {
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
