//! The checks, which look at facts and nothing else.

mod package;
mod serial;
mod system;

use super::facts::Facts;
use super::finding::{Finding, Level};
use crate::project::Project;

/// All findings, the good ones too.
pub(super) fn all(project: &Project, facts: &Facts) -> Vec<Finding> {
    let mut findings = vec![
        system::python(facts),
        system::libpython(facts),
        system::build_directory(project),
        system::venv(facts),
        package::pyo3(project, facts),
        package::extension_module(project, facts),
        package::dependency(project),
        package::library(project),
    ];
    findings.extend(package::source(project));
    findings.extend(package::modules(project));
    findings.extend(package::targets(facts));
    findings.extend(serial::check(facts));
    findings.push(system::nextest(facts));
    findings.push(system::uvloop(facts));
    findings
}
