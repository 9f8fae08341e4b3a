//! The package's dependency on pyo3, which has to be the pyo3 of pyo3-aio: only one can be linked.

use super::edit::Edit;
use super::error::Error;
use super::requirement::{self, Requirement};
use crate::project::Project;
use crate::project::pyo3_versions;

/// Checks the version, as the package has it before anything is changed.
pub(super) fn check_version(project: &Project) -> Result<(), Error> {
    for entry in project.dependencies("pyo3") {
        let version = entry.version.unwrap_or_default();
        if !pyo3_versions::is_compatible(&version) {
            let package = project.name.clone();
            return Err(match project.old_peer() {
                Some(peer) => Error::OldPeerAndPyo3 {
                    package,
                    peer,
                    pyo3: version,
                },
                None => Error::Pyo3 { package, version },
            });
        }
    }
    Ok(())
}

/// Adds pyo3 if there is none, and returns its name in the code. Refuses packages that need another pyo3.
pub(super) fn supply(project: &Project, edits: &mut Vec<Edit>) -> Result<String, Error> {
    if let Some(peer) = project.old_peer() {
        let package = project.name.clone();
        return Err(Error::OldPeer { package, peer });
    }
    Ok(requirement::supply(
        project,
        &Requirement::version("pyo3", pyo3_versions::NEWEST, &[]),
        edits,
    ))
}
