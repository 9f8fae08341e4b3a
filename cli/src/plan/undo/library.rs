//! What `init` has written into the library's files.

use std::path::Path;

use crate::plan::changes::{FileChange, Steps};
use crate::plan::edit::Edit;
use crate::plan::test_target::{self, CodeNames, Marks};
use crate::plan::{importable, library_tests};
use crate::project::rust::Access;
use crate::project::{Library, Project};

/// Takes back what was written into the library. Returns whether nothing is left that needs pyo3-aio.
pub(super) fn restore(
    project: &Project,
    library: &Library,
    names: &[CodeNames],
    marks: Option<Marks>,
    steps: &mut Steps,
) -> bool {
    let section = project.manifest.library();
    let path = project.shown(&library.path);
    let text = library.source.text(&library.path).unwrap_or_default();
    let mut appended = names
        .iter()
        .flat_map(|names| library_tests::items_at_end(library, names));
    match appended.find_map(|(item, message)| Some((without_item(text, &item)?, message))) {
        Some((after, message)) => {
            steps
                .notes
                .extend(may_have_been_published(project, library, marks));
            let mut status = vec![("Removing", format!("{path}: {message}"))];
            let after = match unpublish_in(library, marks, &library.path, &after) {
                Some((after, message)) => {
                    status.push(("Restoring", format!("{path}: {message}")));
                    after
                }
                None => after,
            };
            steps.files.push(FileChange {
                path: library.path.clone(),
                before: Some(text.to_owned()),
                after,
                status,
            });
            if !section.has_harness && library.source.has_main() {
                steps.edits.push(Edit::EnableLibraryHarness);
            }
        }
        None if !section.has_harness && library.source.has_main() => {
            steps.notes.push(format!("{path} stays, with `harness = false` and the dependencies: its `testing::main!` has been changed"));
            return false;
        }
        None => {}
    }
    let module = test_target::imported_module(project)
        .filter(|module| module.file != library.path || steps.files.is_empty());
    if let Some(module) = module {
        let before = library.source.text(&module.file).unwrap_or_default();
        if let Some((after, message)) = unpublish_in(library, marks, &module.file, before) {
            steps.files.push(FileChange {
                path: module.file.clone(),
                before: Some(before.to_owned()),
                after,
                status: vec![(
                    "Restoring",
                    format!("{}: {message}", project.shown(&module.file)),
                )],
            });
        }
    }
    true
}

/// Notes on modules that `main!` names, and that may have been made public for it.
fn may_have_been_published(
    project: &Project,
    library: &Library,
    marks: Option<Marks>,
) -> Vec<String> {
    let imported = test_target::imported_module(project);
    let imported = imported.filter(|_| marks.is_some_and(|marks| marks.publishes));
    let modules = library
        .modules
        .iter()
        .filter(|module| Some(*module) != imported);
    let named = modules.filter(|module| {
        module.is_below_root()
            && module.root_path.is_some()
            && matches!(module.access, Access::Public(_))
    });
    let notes = named.map(|module| {
        let (path, item) = (project.shown(&module.file), &module.item);
        format!(
            "{path}:{}: `{item}` stays `pub`, as it may have been before",
            module.line
        )
    });
    notes.collect()
}

/// Makes the module private that was published for the test. Text may be missing at the end of the file only.
fn unpublish_in(
    library: &Library,
    marks: Option<Marks>,
    file: &Path,
    text: &str,
) -> Option<(String, String)> {
    marks.filter(|marks| marks.publishes)?;
    let mut modules = library.modules.iter();
    let module = modules
        .find(|module| module.public_path().is_some())
        .filter(|module| module.file == file)?;
    let after = importable::unpublish(text, module)?;
    Some((after, format!("`{}` is private again", module.item)))
}

/// Returns the text without an item at its end.
fn without_item(text: &str, item: &str) -> Option<String> {
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let item = item.trim_end().replace('\n', ending);
    let before = text.trim_end().strip_suffix(item.as_str())?.trim_end();
    Some(match before {
        "" => String::new(),
        before => format!("{before}{ending}"),
    })
}

#[cfg(test)]
mod tests {
    use super::without_item;

    #[test]
    fn only_an_item_at_the_end_is_removed() {
        let removed = |text: &str| without_item(text, "#[cfg(test)]\nmain!();\n");
        assert_eq!(
            removed("a\n\n#[cfg(test)]\nmain!();\n"),
            Some("a\n".to_owned())
        );
        assert_eq!(
            removed("a\r\n\r\n#[cfg(test)]\r\nmain!();\r\n"),
            Some("a\r\n".to_owned())
        );
        assert_eq!(removed("#[cfg(test)]\nmain!();\n"), Some(String::new()));
        assert_eq!(removed("#[cfg(test)]\nmain!();\nb\n"), None);
    }
}
