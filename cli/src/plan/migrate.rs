//! The migration from pyo3-async-runtimes to pyo3-aio, which has the same API under another name.

use std::path::{Path, PathBuf};

use super::changes::{FileChange, Steps};
use super::edit::Edit;
use super::error::Error;
use super::request::Request;
use crate::project::manifest::{Dependency, Section};
use crate::project::{PEER, Project, rust};

const NEW: &str = "pyo3-aio";

/// Decides on the migration, and returns the project as it will be. Without `--migrate` a note says how to migrate.
pub(super) fn plan(
    project: &Project,
    request: &Request,
    sources: &[(PathBuf, String)],
) -> Result<(Option<Project>, Steps), Error> {
    let mut steps = Steps::default();
    let declared = project.dependencies(PEER);
    if declared.is_empty() {
        return Ok((None, steps));
    }
    if !request.migrates {
        steps.notes.push(format!(
            "`{}` uses {PEER}: `cargo pyo3-async-test init --migrate` moves it to {NEW}, which \
             has the same API",
            project.name
        ));
        return Ok((None, steps));
    }
    if declared.iter().any(|entry| entry.is_inherited) {
        let package = project.name.clone();
        let keys = request.source.keys(project.folder()).to_string();
        return Err(Error::Inherited { package, keys });
    }
    steps.edits = declared
        .iter()
        .map(|entry| edit(project, request, entry))
        .collect();
    let mut migrated = project.clone();
    steps
        .edits
        .iter()
        .for_each(|edit| edit.edit(&mut migrated.manifest));
    // A renamed dependency keeps its name, and so do the paths.
    if declared.iter().any(|entry| entry.location.key == PEER) {
        for (path, text) in sources {
            rename(project, path, text, &mut steps);
        }
    }
    if let Some(library) = &mut migrated.library {
        let changed = steps.files.iter();
        let changed = changed.map(|change| (change.path.as_path(), change.after.as_str()));
        let source = library.source.with_texts(changed);
        library.set_source(source);
    }
    Ok((Some(migrated), steps))
}

fn edit(project: &Project, request: &Request, entry: &Dependency) -> Edit {
    // With `testing` the released library would need libpython. The dev-dependency that `init` adds turns it on.
    let dropped_features = match entry.section {
        Section::Normal => vec!["testing".to_owned()],
        _ => Vec::new(),
    };
    let mut keys = request.source.keys(project.folder());
    let is_renamed = entry.location.key != PEER;
    if is_renamed {
        keys.insert("package", NEW.into());
    }
    Edit::Migrate {
        location: entry.location.clone(),
        key: if is_renamed {
            entry.location.key.clone()
        } else {
            NEW.to_owned()
        },
        keys,
        dropped_features,
    }
}

/// Renames the crate in a file. Comments are included, as their examples are code too.
fn rename(project: &Project, path: &Path, text: &str, steps: &mut Steps) {
    let (after, count) = replace_word(text, &PEER.replace('-', "_"), &NEW.replace('-', "_"));
    if count == 0 {
        return;
    }
    let shown = project.shown(path);
    if let Some(error) = rust::parse_error(path, text) {
        steps.warnings.push(format!(
            "cannot parse `{shown}` ({error}): it keeps its paths of {PEER}"
        ));
        return;
    }
    let paths = if count == 1 { "path" } else { "paths" };
    steps.files.push(FileChange {
        path: path.to_owned(),
        before: Some(text.to_owned()),
        after,
        status: vec![("Migrating", format!("{shown}: {count} {paths}"))],
    });
}

/// Replaces an identifier where it stands alone.
fn replace_word(text: &str, old: &str, new: &str) -> (String, usize) {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let (mut after, mut count, mut rest) = (String::new(), 0, text);
    while let Some(start) = rest.find(old) {
        let (before, tail) = (&rest[..start], &rest[start + old.len()..]);
        let is_alone = !before.ends_with(is_part) && !tail.starts_with(is_part);
        after.push_str(before);
        after.push_str(if is_alone { new } else { old });
        count += usize::from(is_alone);
        rest = tail;
    }
    (after + rest, count)
}

#[cfg(test)]
mod tests {
    use super::replace_word;

    #[test]
    fn only_whole_words_are_replaced() {
        let text = "#[a::tokio::test] a::x(my_a, a_b, ::a)";
        let after = "#[new::tokio::test] new::x(my_a, a_b, ::new)";
        assert_eq!(replace_word(text, "a", "new"), (after.to_owned(), 3));
    }
}
