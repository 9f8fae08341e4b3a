//! The dev-dependencies that `init` has added.

use std::path::{Path, PathBuf};

use crate::plan::changes::Steps;
use crate::plan::edit::Edit;
use crate::project::Project;
use crate::project::manifest::{Dependency, Section};
use crate::runtime::Runtime;

/// Removes a dev-dependency that `init` would add, unless other code uses it.
pub(super) fn remove(
    project: &Project,
    package: &str,
    others: &[(PathBuf, String)],
    steps: &mut Steps,
) {
    let entries = project.dependencies(package);
    let Some(dev) = entries.iter().find(|entry| entry.section == Section::Dev) else {
        return;
    };
    let normal = entries
        .iter()
        .find(|entry| entry.section == Section::Normal);
    let is_as_written = is_as_written(dev, normal, package);
    let key = &dev.location.key;
    let name = dev.crate_name();
    // Code of the library has the ordinary dependency.
    let is_library = |path: &Path| {
        project
            .library
            .as_ref()
            .is_some_and(|library| library.source.text(path).is_some())
    };
    let mut users = others
        .iter()
        .filter(|(path, _)| normal.is_none() || !is_library(path));
    match users.find(|(_, text)| has_word(text, &name)) {
        Some((user, _)) => steps.notes.push(format!(
            "{key} in {} stays: {} uses it",
            dev.location.table,
            project.shown(user)
        )),
        None if is_as_written => steps.edits.push(Edit::RemoveDependency {
            location: dev.location.clone(),
        }),
        None => steps.notes.push(format!(
            "{key} in {} stays: it is not as `init` writes it",
            dev.location.table
        )),
    }
}

/// Whether a dev-dependency is one that `init` writes.
fn is_as_written(dev: &Dependency, normal: Option<&Dependency>, package: &str) -> bool {
    let names_source = match normal {
        Some(normal) => repeats(dev, normal),
        None => names_one_source(dev),
    };
    // Features that the ordinary dependency or the workspace has are not repeated.
    let has_others = normal.is_some() || dev.is_inherited;
    let is_written = |features: &Vec<&str>| match has_others {
        true => dev
            .own_features
            .iter()
            .all(|name| features.contains(&name.as_str())),
        false => dev.own_features == *features,
    };
    let has_features = written_features(package).iter().any(is_written);
    dev.is_plain && dev.location.target.is_none() && names_source && has_features
}

/// The features with which `init` adds a package, for each runtime that it may choose.
fn written_features(package: &str) -> Vec<Vec<&'static str>> {
    let runtimes = Runtime::ALL.into_iter();
    match package {
        "pyo3-aio" => runtimes
            .map(|runtime| vec!["testing", runtime.feature()])
            .collect(),
        "pyo3" => vec![Vec::new()],
        _ => {
            let own = runtimes.filter(|runtime| runtime.package() == package);
            own.map(|runtime| runtime.package_features().to_vec())
                .collect()
        }
    }
}

/// Whether a dev-dependency names a source with one key, as `init` does for a package that is new.
fn names_one_source(dev: &Dependency) -> bool {
    let sources = ["version", "path", "git", "workspace"];
    let keys = dev.origin.iter().filter(|(key, _)| key != "package");
    let keys: Vec<&str> = keys.map(|(key, _)| key.as_str()).collect();
    matches!(keys.as_slice(), [key] if sources.contains(key))
}

/// Whether a dev-dependency names the source of the ordinary dependency.
fn repeats(dev: &Dependency, normal: &Dependency) -> bool {
    let origin = |entry: &Dependency| {
        let keys = entry.origin.iter();
        keys.map(|(key, value)| format!("{key} = {}", value.to_string().trim()))
            .collect::<Vec<_>>()
    };
    origin(dev) == origin(normal)
}

/// Whether an identifier stands in a text.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let mut found = text.match_indices(word);
    found.any(|(start, _)| {
        !text[..start].ends_with(is_part) && !text[start + word.len()..].starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::has_word;

    #[test]
    fn words_stand_alone() {
        assert!(has_word("use tokio::time;", "tokio"));
        assert!(!has_word("pyo3_aio::my_tokio, tokio2", "tokio"));
    }
}
