//! The feature `extension-module` of pyo3.
//!
//! With it pyo3 is not linked with Python, so unit tests that call Python do not link. It is deprecated: maturin 1.9.4
//! and newer sets a variable (`PYO3_BUILD_EXTENSION_MODULE`) when it builds an extension. So the feature is removed where
//! maturin builds the package and pyproject.toml can require a new enough version. Elsewhere its owner has to decide, and
//! the unit tests are linked with Python by pyo3-aio, whose build script links libpython.

use super::changes::{FileChange, Steps};
use super::edit::Edit;
use super::library_tests;
use super::test_target::CodeNames;
use crate::plan::pyproject;
use crate::project::manifest::{Dependency, Manifest};
use crate::project::{Library, Project};

const FEATURE: &str = "extension-module";

/// How the package itself asks for the feature in a build without flags.
#[derive(Clone, Debug)]
pub(crate) enum Cause {
    /// In the dependency on pyo3.
    Dependency(Dependency),
    /// In a feature of the package that is on by default.
    Feature {
        /// The feature.
        name: String,
        /// Its entry that leads to the feature of pyo3, such as `pyo3/extension-module`.
        entry: String,
    },
}

impl Cause {
    /// The place in the manifest, for messages.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Dependency(entry) => {
                format!("`{}` in [{}]", entry.location.key, entry.location.table)
            }
            Self::Feature { name, .. } => format!("`{name}` in [features]"),
        }
    }

    /// The edit that removes it; `None` if the workspace's manifest would have to change.
    fn removal(&self) -> Option<Edit> {
        match self {
            Self::Dependency(entry)
                if entry.is_inherited && !entry.own_features.iter().any(|name| name == FEATURE) =>
            {
                None
            }
            Self::Dependency(entry) => Some(Edit::RemoveFeature {
                location: entry.location.clone(),
                feature: FEATURE.to_owned(),
            }),
            Self::Feature { name, entry } => Some(Edit::RemoveFeatureEntry {
                name: name.clone(),
                entry: entry.clone(),
            }),
        }
    }
}

/// Finds the places where the package asks for the feature.
pub(crate) fn causes(project: &Project) -> Vec<Cause> {
    let declared = project.dependencies("pyo3");
    let mut causes = Vec::new();
    let mut entries = Vec::new();
    for entry in declared {
        let key = &entry.location.key;
        entries.extend(["", "?"].map(|mark| format!("{key}{mark}/{FEATURE}")));
        if entry.features.iter().any(|name| name == FEATURE) {
            causes.push(Cause::Dependency(entry));
        }
    }
    let enabled = project.default_features();
    // A feature that does nothing else stays: whoever asks for it by name still gets it.
    let is_switch = |name: &str| {
        let implied = project.features.get(name);
        name != "default"
            && implied.is_some_and(|implied| implied.iter().all(|entry| entries.contains(entry)))
    };
    for name in &enabled {
        for entry in project.features.get(name).into_iter().flatten() {
            let is_direct = entries.contains(entry) && !is_switch(name);
            let is_empty = project.features.get(entry).is_some_and(Vec::is_empty);
            if is_direct || (is_switch(entry) && !is_empty) {
                causes.push(Cause::Feature {
                    name: name.clone(),
                    entry: entry.clone(),
                });
            }
        }
    }
    causes
}

/// Removes the feature if that is safe, else adds a note.
pub(super) fn repair(project: &Project, pyproject: Option<&Manifest>) -> Steps {
    let mut steps = Steps::default();
    let causes = causes(project);
    let Some(cause) = causes.first() else {
        return steps;
    };
    let removals: Option<Vec<Edit>> = causes.iter().map(Cause::removal).collect();
    let raised = pyproject.and_then(|file| Some((file, pyproject::raise_maturin(file)?)));
    match (raised, removals) {
        (Some((file, raised)), Some(removals)) => {
            steps.edits.extend(removals);
            steps.files.extend(change(project, file, &raised));
        }
        _ => steps.notes.push(format!(
            "pyo3's feature `{FEATURE}` is on, by {}, so unit tests in src/ that call Python do not link by themselves \
             (those in pytests/ do): build with maturin 1.9.4 or newer, or setuptools-rust \
             1.12 or newer, and remove the feature",
            cause.shown()
        )),
    }
    steps
}

/// Links the library's unit tests with Python if the feature stays on.
pub(super) fn link_unit_tests(project: &Project, names: &CodeNames, earlier: &Steps) -> Steps {
    let mut steps = Steps::default();
    let is_removed = earlier.edits.iter().any(|edit| {
        matches!(
            edit,
            Edit::RemoveFeature { .. } | Edit::RemoveFeatureEntry { .. }
        )
    });
    if is_removed || causes(project).is_empty() {
        return steps;
    }
    if let Some(library) = project
        .library
        .as_ref()
        .filter(|library| !links_unit_tests(project, library))
    {
        steps.files.push(library_tests::append_to_root(
            project,
            library,
            earlier,
            pyo3_aio_templates::render(pyo3_aio_templates::LINK, &[("crate", names.krate.as_str())]),
            |path| format!("{path}: links its unit tests with Python, as pyo3's feature `{FEATURE}` does not"),
        ));
    }
    steps
}

/// Whether unit tests of the library link with Python although the feature is on, or are not built at all.
pub(crate) fn links_unit_tests(project: &Project, library: &Library) -> bool {
    let section = project.manifest.library();
    !section.is_tested
        || !section.has_harness
        || library.source.uses_crate(&project.library_crates())
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
