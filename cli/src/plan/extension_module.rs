//! The feature `extension-module` of pyo3.
//!
//! With it pyo3 is not linked with Python, so unit tests that call Python do not link. It is deprecated: maturin 1.9.4
//! and newer sets a variable (`PYO3_BUILD_EXTENSION_MODULE`) when it builds an extension. So the feature is removed where
//! maturin builds the package and pyproject.toml can require a new enough version. Elsewhere its owner has to decide.

use super::changes::{FileChange, Steps};
use super::edit::Edit;
use crate::plan::pyproject;
use crate::project::Project;
use crate::project::manifest::{Dependency, Manifest};

const FEATURE: &str = "extension-module";

/// Whether the package itself asks for the feature.
pub(crate) fn is_declared(project: &Project) -> bool {
    let mut declared = project.dependencies("pyo3").into_iter();
    declared.any(|entry| entry.features.iter().any(|name| name == FEATURE))
}

/// Removes the feature if that is safe, else adds a note.
pub(super) fn repair(project: &Project, pyproject: Option<&Manifest>) -> Steps {
    let mut steps = Steps::default();
    let declared = project.dependencies("pyo3");
    let with_feature = |entry: &&Dependency| entry.features.iter().any(|name| name == FEATURE);
    let Some(entry) = declared.iter().find(with_feature) else {
        return steps;
    };
    let raised = pyproject.and_then(|file| Some((file, pyproject::raise_maturin(file)?)));
    match raised {
        Some((file, raised)) if !entry.is_inherited => {
            let location = entry.location.clone();
            steps.edits.push(Edit::RemoveFeature {
                location,
                feature: FEATURE.to_owned(),
            });
            steps.files.extend(change(project, file, &raised));
        }
        _ => steps.notes.push(format!(
            "pyo3's feature `{FEATURE}` is on, so unit tests in src/ that call Python will not \
             link (those in pytests/ do): build with maturin 1.9.4 or newer, or setuptools-rust \
             1.12 or newer, and remove the feature"
        )),
    }
    steps
}

fn change(project: &Project, file: &Manifest, raised: &Manifest) -> Option<FileChange> {
    let after = raised.render();
    let shown = project.shown(file.path());
    (after != file.original()).then(|| FileChange {
        path: file.path().to_owned(),
        before: Some(file.original().to_owned()),
        after,
        status: vec![(
            "Repairing",
            format!("{shown}: maturin 1.9.4 or newer, which does without `{FEATURE}`"),
        )],
    })
}
