//! What a library lacks that tests are to use.

use super::changes::{FileChange, Steps};
use super::edit::Edit;
use crate::project::pymodule::{self, PyModule};
use crate::project::{Library, Project};

/// Makes the library one that Rust code can link, and its modules public.
pub(super) fn repair(project: &Project) -> Steps {
    let mut steps = Steps::default();
    if let Some(library) = &project.library {
        steps
            .edits
            .extend((!library.is_linkable).then_some(Edit::AddRlib));
        steps.files.extend(publish_modules(project, library));
    }
    steps
}

/// A test can name a module for Python only if that is public.
fn publish_modules(project: &Project, library: &Library) -> Option<FileChange> {
    let private: Vec<_> = library
        .modules
        .iter()
        .filter(|module| !module.is_public)
        .collect();
    private.first()?;
    let source = library.source.clone();
    let after = private
        .iter()
        .rev()
        .fold(source, |source, module| pymodule::publish(&source, module));
    let shown = project.shown(&library.path);
    let status = |module: &&PyModule| {
        let (line, item) = (module.line, &module.item);
        let message = format!("{shown}:{line}: `{item}` is now `pub`, so that tests can import it");
        ("Repairing", message)
    };
    Some(FileChange {
        path: library.path.clone(),
        before: Some(library.source.clone()),
        after,
        status: private.iter().map(status).collect(),
    })
}
