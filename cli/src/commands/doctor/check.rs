//! The checks: pure functions from the inspection to findings.

mod package;
mod serial;
mod system;

use super::finding::{Finding, Level};
use super::inspection::{Inspection, Machine};
use crate::project::Project;

/// Runs all checks of a package that stands alone. A check that finds no problem reports that too.
pub(super) fn all(project: &Project, inspection: &Inspection<'_>) -> Vec<Finding> {
    let mut findings = foundations(inspection.machine);
    findings.extend(package(project, inspection));
    findings.extend(tools(inspection.machine));
    findings
}

/// Runs the checks of the machine, for all packages at once.
pub(super) fn environment(machine: &Machine) -> Vec<Finding> {
    let mut findings = foundations(machine);
    findings.extend(tools(machine));
    findings
}

/// Runs the checks of a package.
pub(super) fn package(project: &Project, inspection: &Inspection<'_>) -> Vec<Finding> {
    let mut findings = vec![
        package::pyo3(project, inspection),
        package::extension_module(project, inspection),
        package::dependency(project, inspection),
        package::library(project, inspection),
    ];
    findings.extend(package::features(project, inspection));
    findings.extend(package::source(project));
    findings.extend(package::modules(project, inspection));
    findings.extend(package::targets(inspection));
    findings.extend(serial::check(inspection));
    findings
}

/// The finding for a member of a workspace that has nothing to do with Python.
pub(super) fn without_python() -> Finding {
    Finding::ok("pyo3", "not a dependency, and not needed")
        .with_sources("the dependencies in Cargo.toml")
}

/// The finding for a member that uses pyo3, where other members have tests of it.
pub(super) fn without_tests(inspection: &Inspection<'_>) -> Finding {
    let help = package::init(inspection);
    Finding::new(
        "tests",
        Level::Note,
        "pyo3 is used, and no test of pyo3-aio is set up",
        help,
    )
    .with_sources("the dependencies in Cargo.toml, and pytests/")
}

fn foundations(machine: &Machine) -> Vec<Finding> {
    vec![
        system::python(machine),
        system::libpython(machine),
        system::build_directory(machine),
        system::venv(machine),
    ]
}

fn tools(machine: &Machine) -> Vec<Finding> {
    vec![system::nextest(machine), system::uvloop(machine)]
}
