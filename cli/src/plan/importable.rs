//! A library that tests can use, with modules that they can import.

use std::collections::BTreeSet;
use std::path::Path;

use super::changes::{FileChange, Steps};
use super::edit::Edit;
use super::request::Request;
use crate::project::rust::{Access, PyModule};
use crate::project::{Library, Project};

/// Makes the library one that Rust code can link, and its modules for Python public.
pub(super) fn repair(project: &Project) -> Steps {
    let mut steps = Steps::default();
    if let Some(library) = &project.library {
        steps
            .edits
            .extend((!library.is_linkable).then_some(Edit::AddRlib));
        let files: BTreeSet<&Path> = library
            .modules
            .iter()
            .map(|module| module.file.as_path())
            .collect();
        let changes = files
            .into_iter()
            .filter_map(|file| publish(project, library, file));
        steps.files.extend(changes);
    }
    steps
}

/// Makes the private modules of a file public: a test can name no others.
fn publish(project: &Project, library: &Library, file: &Path) -> Option<FileChange> {
    let before = library.source.text(file)?;
    let shown = project.shown(file);
    let (mut after, mut status) = (before.to_owned(), Vec::new());
    let mut private: Vec<(&PyModule, _)> = library.modules.iter().filter_map(private).collect();
    private.retain(|(module, _)| module.file == file);
    // From the end, so that the positions before it stay right.
    private.sort_by_key(|(_, range)| std::cmp::Reverse(range.start));
    for (module, range) in private {
        let public = if range.is_empty() { "pub " } else { "pub" };
        after.replace_range(range.clone(), public);
        let (line, item) = (module.line, &module.item);
        let message = format!("{shown}:{line}: `{item}` is now `pub`, so that tests can import it");
        status.insert(0, ("Repairing", message));
    }
    (!status.is_empty()).then(|| FileChange {
        path: file.to_owned(),
        before: Some(before.to_owned()),
        after,
        status,
    })
}

fn private(module: &PyModule) -> Option<(&PyModule, &std::ops::Range<usize>)> {
    match &module.access {
        Access::Private { range, .. } => Some((module, range)),
        Access::Public(_) | Access::Hidden => None,
    }
}

/// Reports the files that do not parse, and modules that the new test was to import and cannot.
pub(super) fn report_unreachable(project: &Project, request: &Request) -> Steps {
    let mut steps = Steps::default();
    let Some(library) = &project.library else {
        return steps;
    };
    for error in library.source.errors() {
        let path = project.shown(&error.path);
        steps.warnings.push(format!(
            "cannot parse `{path}` ({error}): its tests and `#[pymodule]` items are not seen"
        ));
    }
    let hidden = library.modules.iter();
    let hidden = hidden.filter(|module| request.imports_module && module.access == Access::Hidden);
    for module in hidden {
        let (path, line, item) = (project.shown(&module.file), module.line, &module.item);
        let change = module.re_export();
        steps.notes.push(format!(
            "{path}:{line}: `{item}` is in a private module, so the test does not import it: {change}"
        ));
    }
    steps
}
