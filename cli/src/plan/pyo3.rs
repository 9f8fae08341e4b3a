//! The package's dependency on pyo3, which has to be the pyo3 of pyo3-aio: only one can be linked.

use super::edit::Edit;
use super::error::Error;
use super::pyo3_versions;
use super::requirement::{self, Requirement};
use crate::project::Project;

/// Checks the version, adds pyo3 if there is none, and returns its name in the code.
pub(super) fn supply(project: &Project, edits: &mut Vec<Edit>) -> Result<String, Error> {
    for entry in project.dependencies("pyo3") {
        let version = entry.version.unwrap_or_default();
        if !pyo3_versions::is_compatible(&version) {
            return Err(Error::Pyo3 {
                package: project.name.clone(),
                version,
            });
        }
    }
    Ok(requirement::supply(
        project,
        &Requirement::version("pyo3", pyo3_versions::NEWEST, &[]),
        edits,
    ))
}
