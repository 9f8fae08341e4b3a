//! The plan of `init` and `new`: a test target, and everything that it needs.

use cargo_metadata::Edition;

use super::changes::Plan;
use super::edit::Edit;
use super::error::Error;
use super::request::{ExistingFiles, Request};
use super::requirement::{self, Requirement};
use super::{extension_module, features, importable, library_tests, migrate, pyo3, test_target};
use crate::project::Project;
use crate::runtime::Runtime;

/// The warning about cargo's first resolver.
pub(crate) const LEAK: &str = "cargo's resolver \"1\" turns the feature `testing` of \
                               [dev-dependencies] on in `cargo build` too, so the released library needs \
                               libpython";

/// Decides which changes give the package the test target that is requested.
pub(crate) fn scaffold(
    project: &Project,
    request: &Request,
    found: &ExistingFiles,
) -> Result<Plan, Error> {
    if project.edition == Edition::E2015 {
        return Err(Error::Edition(project.name.clone()));
    }
    pyo3::check_version(project)?;
    let (migrated, mut steps) = migrate::plan(project, request, &found.sources)?;
    let project = migrated.as_ref().unwrap_or(project);
    let pyo3 = pyo3::supply(project, &mut steps.edits)?;
    let runtime = request.runtime.unwrap_or_else(|| runtime_in_use(project));
    let library = Requirement {
        package: "pyo3-aio",
        features: &["testing", runtime.feature()],
        keys: request.source.keys(project.folder()),
        origin: request.source.to_string(),
    };
    let krate = requirement::supply(project, &library, &mut steps.edits);
    let runtime_crate =
        requirement::supply(project, &Requirement::runtime(runtime), &mut steps.edits);
    steps.edits.extend(importable::link(project));
    steps.extend(extension_module::repair(project, found.pyproject.as_ref()));
    let sleep = runtime.sleep(&runtime_crate);
    let names = test_target::CodeNames {
        krate,
        pyo3,
        runtime,
        sleep,
    };
    let found_test = found.test.as_ref();
    steps.extend(test_target::publish_imported(
        project, request, found_test, &names,
    ));
    let (target, test) = test_target::plan(project, request, found_test, &names)?;
    steps.extend(test);
    if request.has_unit_tests {
        steps.extend(library_tests::plan(project, &names, &steps)?);
    } else {
        steps.extend(extension_module::link_unit_tests(project, &names, &steps));
    }
    steps.extend(importable::report_unreachable(project, request));
    steps.notes.extend(features::note(project));
    let mut plan = Plan::new(project, target, steps);
    if is_new(&plan.edits, &library) {
        plan.warnings.extend(request.source.warning());
    }
    plan.warnings.extend(warn_of_resolver(project, &plan));
    Ok(plan)
}

/// Whether the edits write the source of the requirement into the manifest.
fn is_new(edits: &[Edit], required: &Requirement<'_>) -> bool {
    edits.iter().any(|edit| match edit {
        Edit::AddDependency { key, origin, .. } => {
            key == required.package && *origin == required.origin
        }
        Edit::Migrate { .. } => true,
        _ => false,
    })
}

/// Warns if the resolver would pass the feature `testing` on, with the manifest as it will be.
fn warn_of_resolver(project: &Project, plan: &Plan) -> Option<String> {
    let planned = Project {
        manifest: plan.manifest.clone(),
        ..project.clone()
    };
    let leaks = planned.leaks_testing() && !planned.ships_testing();
    let solution = || project.resolver.solution(|path| project.shown(path));
    leaks.then(|| format!("{LEAK}: {}", solution()))
}

/// Finds the runtime that the package uses with pyo3-aio, or else one that it depends on, or else tokio.
pub(super) fn runtime_in_use(project: &Project) -> Runtime {
    let declared = project.dependencies("pyo3-aio");
    let features: Vec<&String> = declared.iter().flat_map(|entry| &entry.features).collect();
    let is_used = |runtime: &Runtime| features.iter().any(|name| *name == runtime.feature());
    let is_declared = |runtime: &Runtime| {
        let declared = project.dependencies(runtime.package());
        !declared.is_empty()
    };
    let mut all = Runtime::ALL.into_iter();
    let with_library = all.clone().find(is_used);
    with_library
        .or_else(|| all.find(is_declared))
        .unwrap_or(Runtime::Tokio)
}
