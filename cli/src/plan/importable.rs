//! A library that tests can use, with modules that they can import.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use super::changes::{FileChange, Steps};
use super::edit::Edit;
use super::request::Request;
use crate::project::rust::{Access, PyModule};
use crate::project::{Library, Project};

/// Lints that ask for documentation of public items, or for more of it.
const DOCUMENTATION_LINTS: [&str; 4] = [
    "missing_docs",
    "clippy::missing_errors_doc",
    "clippy::missing_panics_doc",
    "clippy::pedantic",
];

/// Makes the library one that Rust code can link.
pub(super) fn link(project: &Project) -> Option<Edit> {
    let library = project.library.as_ref();
    library.and_then(|library| (!library.is_linkable).then_some(Edit::AddRlib))
}

/// Makes private modules for Python public: a test can name no others.
pub(super) fn publish(project: &Project, is_wanted: impl Fn(&PyModule) -> bool) -> Steps {
    let mut steps = Steps::default();
    if let Some(library) = &project.library {
        let modules = library.modules.iter().filter(|module| is_wanted(module));
        let private: Vec<(&PyModule, &Range<usize>)> = modules.filter_map(private).collect();
        let files: BTreeSet<&Path> = private
            .iter()
            .map(|(module, _)| module.file.as_path())
            .collect();
        let changes = files
            .into_iter()
            .filter_map(|file| publish_in(project, library, file, &private));
        steps.files.extend(changes);
    }
    steps
}

fn publish_in(
    project: &Project,
    library: &Library,
    file: &Path,
    private: &[(&PyModule, &Range<usize>)],
) -> Option<FileChange> {
    let before = library.source.text(file)?;
    let shown = project.shown(file);
    let (mut after, mut status) = (before.to_owned(), Vec::new());
    let in_file = private.iter().filter(|(module, _)| module.file == file);
    let mut in_file: Vec<_> = in_file.collect();
    // From the end, so that the positions before it stay right.
    in_file.sort_by_key(|(_, range)| std::cmp::Reverse(range.start));
    for (module, range) in in_file {
        let is_hidden = is_hidden_from_documentation(project, library, module);
        let public = if range.is_empty() { "pub " } else { "pub" };
        let attribute = match is_hidden {
            true => hiding_attribute(&before[..range.start]),
            false => String::new(),
        };
        after.replace_range((*range).clone(), &(attribute + public));
        let (line, item) = (module.line, &module.item);
        let and_hidden = match is_hidden {
            true => " and `#[doc(hidden)]`",
            false => "",
        };
        let message = format!(
            "{shown}:{line}: `{item}` is now `pub`{and_hidden}, so that tests can import it"
        );
        status.insert(0, ("Repairing", message));
    }
    Some(FileChange {
        path: file.to_owned(),
        before: Some(before.to_owned()),
        after,
        status,
    })
}

/// Makes a module private again that is `pub`, and shown in the documentation again if it was hidden with that.
pub(super) fn unpublish(text: &str, module: &PyModule) -> Option<String> {
    let (before, rest) = (
        text.get(..module.visibility.start)?,
        text.get(module.visibility.start..)?,
    );
    let rest = rest.strip_prefix("pub ")?;
    let indent = &before[before.trim_end_matches([' ', '\t']).len()..];
    let lines = before.strip_suffix(indent)?;
    let lines = lines
        .strip_suffix('\n')
        .map(|lines| lines.strip_suffix('\r').unwrap_or(lines));
    let unhidden = lines.and_then(|lines| lines.strip_suffix("#[doc(hidden)]"));
    let before = match unhidden {
        Some(unhidden) => unhidden,
        None => before,
    };
    Some(format!("{before}{rest}"))
}

/// Whether a lint of the crate would find fault with the documentation of the module once it is public.
fn is_hidden_from_documentation(project: &Project, library: &Library, module: &PyModule) -> bool {
    let mut lints = project.lints.iter().chain(library.source.lints());
    lints.any(|lint| match lint.as_str() {
        "missing_docs" => !module.is_documented,
        lint => DOCUMENTATION_LINTS.contains(&lint),
    })
}

/// Returns the attribute, on a line of its own if the item begins its line.
fn hiding_attribute(before: &str) -> String {
    let line = before.rsplit('\n').next().unwrap_or_default();
    let ending = if before.ends_with("\r\n") || before.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    match line.trim() {
        "" => format!("#[doc(hidden)]{ending}{line}"),
        _ => "#[doc(hidden)] ".to_owned(),
    }
}

fn private(module: &PyModule) -> Option<(&PyModule, &Range<usize>)> {
    match &module.access {
        Access::Private { range, .. } => Some((module, range)),
        Access::Public(_) | Access::Hidden | Access::Conditional => None,
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
    if request.imports_module {
        steps.notes.extend(
            library
                .modules
                .iter()
                .filter_map(|module| not_imported(project, module)),
        );
        if library.modules.is_empty() {
            steps
                .notes
                .push("no `#[pymodule]` found in the library, so no test imports one".to_owned());
        }
    }
    steps
}

fn not_imported(project: &Project, module: &PyModule) -> Option<String> {
    let (path, line, item) = (project.shown(&module.file), module.line, &module.item);
    match module.access {
        Access::Public(_) | Access::Private { .. } => None,
        Access::Hidden => Some(format!(
            "{path}:{line}: `{item}` is in a private module, so the test does not import it: {}",
            module.re_export()
        )),
        Access::Conditional => Some(format!(
            "{path}:{line}: `{item}` depends on a `cfg`, so the test does not import it: add it to \
             `main!(modules = [..])` of a test file that has `required-features`"
        )),
    }
}
