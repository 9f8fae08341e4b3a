//! The checks: pure functions from the inspection to findings.

mod package;
mod serial;
mod system;

use super::finding::{Finding, Level};
use super::inspection::Inspection;
use crate::project::Project;

/// Runs all checks. A check that finds no problem reports that too.
pub(super) fn all(project: &Project, inspection: &Inspection) -> Vec<Finding> {
    let mut findings = vec![
        system::python(inspection),
        system::libpython(inspection),
        system::build_directory(project),
        system::venv(inspection),
        package::pyo3(project, inspection),
        package::extension_module(project, inspection),
        package::dependency(project),
        package::library(project),
    ];
    findings.extend(package::source(project));
    findings.extend(package::modules(project));
    findings.extend(package::targets(inspection));
    findings.extend(serial::check(inspection));
    findings.push(system::nextest(inspection));
    findings.push(system::uvloop(inspection));
    findings
}
