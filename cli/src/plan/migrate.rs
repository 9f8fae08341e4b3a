//! The migration to pyo3-aio from the packages that it replaces, which have the same API under other names.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::changes::{FileChange, Steps};
use super::edit::Edit;
use super::error::Error;
use super::request::Request;
use crate::project::manifest::{Dependency, Section};
use crate::project::{Project, rust};

const NEW: &str = "pyo3-aio";

/// Decides on the migration, and returns the project as it will be. Without `--migrate` a note says how to migrate.
pub(super) fn plan(
    project: &Project,
    request: &Request,
    sources: &[(PathBuf, String)],
) -> Result<(Option<Project>, Steps), Error> {
    let mut steps = Steps::default();
    let declared = project.peers();
    if declared.is_empty() {
        return Ok((None, steps));
    }
    if !request.migrates {
        steps.notes.push(format!(
            "`{}` uses {}: `cargo pyo3-async-test init --migrate` moves it to {NEW}, which \
             has the same API",
            project.name,
            declared[0].package()
        ));
        return Ok((None, steps));
    }
    if let Some(entry) = declared.iter().find(|entry| entry.is_inherited) {
        let package = project.name.clone();
        let peer = entry.package().to_owned();
        let keys = request.source.keys(project.folder()).to_string();
        return Err(Error::Inherited {
            package,
            peer,
            keys,
        });
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
    let packages: BTreeSet<&str> = declared
        .iter()
        .filter(|entry| entry.location.key == entry.package())
        .map(Dependency::package)
        .collect();
    for (path, text) in sources {
        rename(project, path, text, &packages, &mut steps);
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
    let is_renamed = entry.location.key != entry.package();
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
fn rename(
    project: &Project,
    path: &Path,
    text: &str,
    packages: &BTreeSet<&str>,
    steps: &mut Steps,
) {
    let (mut after, mut count) = (text.to_owned(), 0);
    let mut found = "";
    for package in packages {
        let (old, new) = (package.replace('-', "_"), NEW.replace('-', "_"));
        let (renamed, more) = replace_word(&after, &old, &new);
        if more > 0 {
            found = package;
        }
        (after, count) = (renamed, count + more);
    }
    if count == 0 {
        return;
    }
    let shown = project.shown(path);
    if let Some(error) = rust::parse_error(path, text) {
        steps.warnings.push(format!(
            "cannot parse `{shown}` ({error}): it keeps its paths of {found}"
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
