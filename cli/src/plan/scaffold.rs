//! The plan of `init` and `new`: a test target, and everything that it needs.

use cargo_metadata::Edition;

use super::changes::Plan;
use super::edit::Edit;
use super::error::Error;
use super::request::{ExistingFiles, Request};
use super::requirement::{self, Requirement};
use super::{extension_module, importable, library_tests, migrate, pyo3, test_target};
use crate::project::Project;
use crate::runtime::Runtime;

/// What the first resolver makes of the dev-dependency.
pub(crate) const LEAK: &str = "cargo's resolver \"1\" turns the feature `testing` of \
                               [dev-dependencies] on in `cargo build` too, so what is shipped needs \
                               libpython";

/// Decides what has to change so that the package has what is asked for.
pub(crate) fn scaffold(
    project: &Project,
    request: &Request,
    found: &ExistingFiles,
) -> Result<Plan, Error> {
    if project.edition == Edition::E2015 {
        return Err(Error::Edition(project.name.clone()));
    }
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
    steps.extend(importable::repair(project));
    steps.extend(extension_module::repair(project, found.pyproject.as_ref()));
    let sleep = runtime.sleep(&runtime_crate);
    let names = test_target::CodeNames {
        krate,
        pyo3,
        runtime,
        sleep,
    };
    let (target, test) = test_target::plan(project, request, found.test.as_deref(), &names)?;
    steps.extend(test);
    if request.has_unit_tests {
        steps.extend(library_tests::plan(project, &names, &steps)?);
    }
    steps.extend(importable::report_unreachable(project, request));
    let mut plan = Plan::new(project, target, steps);
    if is_new(&plan.edits, &library) {
        plan.warnings.extend(request.source.warning());
    }
    plan.warnings.extend(warn_of_resolver(project, &plan));
    Ok(plan)
}

/// Whether the source of what is needed gets into the manifest.
fn is_new(edits: &[Edit], required: &Requirement<'_>) -> bool {
    edits.iter().any(|edit| match edit {
        Edit::AddDependency { key, origin, .. } => {
            key == required.package && *origin == required.origin
        }
        Edit::Migrate { .. } => true,
        _ => false,
    })
}

/// What the manifest will say decides.
fn warn_of_resolver(project: &Project, plan: &Plan) -> Option<String> {
    let planned = Project {
        manifest: plan.manifest.clone(),
        ..project.clone()
    };
    let leaks = planned.leaks_testing() && !planned.ships_testing();
    let cure = || project.resolver.cure(|path| project.shown(path));
    leaks.then(|| format!("{LEAK}: {}", cure()))
}

/// The runtime that the package already uses with the library, or else at all.
fn runtime_in_use(project: &Project) -> Runtime {
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
