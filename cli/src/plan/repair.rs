//! The plan of `doctor --fix`: everything that can be repaired without a choice of the user's.

use super::changes::{Plan, Steps};
use super::edit::Edit;
use super::request::ExistingFiles;
use super::requirement::{self, Requirement};
use super::scaffold::runtime_in_use;
use super::test_target::CodeNames;
use super::{extension_module, importable, library_tests};
use crate::project::Project;
use crate::project::manifest::{Dependency, Section};
use crate::project::test_targets::{Kind, State, Target};

/// Decides what to repair.
pub(crate) fn repair(project: &Project, found: &ExistingFiles) -> Plan {
    let mut steps = Steps::default();
    steps.edits.extend(importable::link(project));
    let names = repair_dependency(project, &mut steps);
    steps.extend(importable::publish(project, |_| true));
    steps.extend(extension_module::repair(project, found.pyproject.as_ref()));
    for target in &found.targets {
        match (target.kind, &names) {
            (Kind::Test, _) => repair_test(project, target, &mut steps),
            (Kind::Library, Some(names)) => repair_library(project, target, names, &mut steps),
            (Kind::Library, None) => {}
        }
    }
    if let Some(names) = &names {
        steps.extend(extension_module::link_unit_tests(project, names, &steps));
    }
    steps.edits.extend(repair_resolver(project, &steps));
    Plan::new(project, String::new(), steps)
}

/// Turns the features of pyo3-aio on that tests need, and `testing` off in the released library. Returns the names that
/// code for tests uses, unless the package has no pyo3-aio: adding it is left to `init`.
fn repair_dependency(project: &Project, steps: &mut Steps) -> Option<CodeNames> {
    let features = project.library_features()?;
    let runtime = runtime_in_use(project);
    let has_runtime = features.iter().any(|feature| feature.ends_with("-runtime"));
    let shipped = project.dependencies("pyo3-aio").into_iter();
    let shipped = shipped.filter(|entry| {
        entry.section == Section::Normal && entry.own_features.iter().any(|name| name == "testing")
    });
    steps.edits.extend(shipped.map(|entry| Edit::RemoveFeature {
        location: entry.location,
        feature: "testing".to_owned(),
    }));
    let mut without = project.clone();
    steps
        .edits
        .iter()
        .for_each(|edit| edit.edit(&mut without.manifest));
    let required = Requirement {
        package: "pyo3-aio",
        features: match has_runtime {
            true => &["testing"],
            false => &["testing", runtime.feature()],
        },
        keys: toml_edit::InlineTable::new(),
        origin: String::new(),
    };
    let krate = requirement::supply(&without, &required, &mut steps.edits);
    let pyo3 = project.dependencies("pyo3");
    Some(CodeNames {
        krate,
        pyo3: pyo3
            .first()
            .map_or_else(|| "pyo3".to_owned(), Dependency::crate_name),
        sleep: runtime.sleep(runtime.module()),
        runtime,
    })
}

fn repair_test(project: &Project, target: &Target, steps: &mut Steps) {
    let entries = project.manifest.tests();
    let (name, path) = (target.name.clone(), target.path.clone());
    let is_named = entries.iter().any(|entry| entry.name == name);
    match target.state {
        State::HarnessIsOn if is_named => steps.edits.push(Edit::DisableHarness { name }),
        State::HarnessIsOn => steps.edits.push(Edit::AddTest { name, path }),
        State::NotRegistered if !is_named => steps.edits.push(Edit::AddTest { name, path }),
        State::NotRegistered => {
            steps.notes.push(format!(
                "{path}: `{name}` is the name of another test target"
            ));
        }
        _ => {}
    }
}

/// Sets the library's tests up, unless tests of libtest's would be lost.
fn repair_library(project: &Project, target: &Target, names: &CodeNames, steps: &mut Steps) {
    if matches!(
        target.state,
        State::HarnessIsOn | State::NoMain | State::NotTested
    ) {
        match library_tests::plan(project, names, steps) {
            Ok(more) => steps.extend(more),
            Err(error) => steps.notes.push(error.to_string()),
        }
    }
}

/// Chooses a resolver that keeps the features of dev-dependencies to tests.
fn repair_resolver(project: &Project, steps: &Steps) -> Option<Edit> {
    let mut planned = project.clone();
    steps
        .edits
        .iter()
        .for_each(|edit| edit.edit(&mut planned.manifest));
    let is_own = project.resolver.manifest == project.manifest.path();
    (is_own && planned.leaks_testing()).then_some(Edit::SetResolver {
        table: project.resolver.table,
    })
}
