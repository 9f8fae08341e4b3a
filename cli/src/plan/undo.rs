//! The plan of `init --undo`: takes back what `init` and `new` have written, as far as it is unchanged.
//!
//! There is no record of what was written. Each part is compared with what `init` would write today: the test's file, its
//! entry, the dependencies, the end of the library's root file. The test's file also says whether `rlib` and `pub` were
//! added for it. A part that differs, or that other code needs, stays, and a note says so.

use std::path::{Path, PathBuf};

use super::changes::{FileChange, FileRemoval, Plan, Steps};
use super::edit::Edit;
use super::request::{ExistingFiles, Request, Template};
use super::test_target::{self, CodeNames, Marks};
use super::{importable, library_tests};
use crate::project::manifest::{Dependency, Section, TestEntry};
use crate::project::rust::Access;
use crate::project::test_targets::{Kind, State};
use crate::project::{Library, Project};
use crate::runtime::Runtime;

/// Decides what to take back.
pub(crate) fn undo(project: &Project, request: &Request, found: &ExistingFiles) -> Plan {
    let path = test_target::file(&request.name);
    let names = Runtime::ALL.map(|runtime| code_names(project, runtime));
    let mut steps = Steps::default();
    let text = found.test.as_ref().map(|test| test.text.as_str());
    let marks = text.map(|text| find_marks(project, request, &names, text));
    let marks = match marks {
        Some(None) => {
            let note =
                format!("`{path}` has been changed, so it stays, with everything that it may need");
            steps.notes.push(note);
            return Plan::new(project, request.name.clone(), steps);
        }
        Some(marks) => marks,
        None => None,
    };
    let removal = text.map(|text| FileRemoval {
        path: project.folder().join(&path),
        text: text.to_owned(),
        shown: path.clone(),
    });
    let entries = project.manifest.tests();
    let entry = entries
        .iter()
        .find(|entry| entry.path.as_deref() == Some(path.as_str()));
    steps.extend(remove_entry(entry, removal.is_some()));
    let others: Vec<String> = others(project, found, &path);
    match others.as_slice() {
        [] => steps.extend(remove_set_up(project, found, &names, marks, &path)),
        others => {
            let is_changed = removal.is_some() || !steps.edits.is_empty();
            let note = format!(
                "dependencies and library stay as they are: {} needs them",
                others.join(", ")
            );
            steps.notes.extend(is_changed.then_some(note));
        }
    }
    let mut plan = Plan::new(project, request.name.clone(), steps);
    plan.removals.extend(removal);
    plan
}

fn code_names(project: &Project, runtime: Runtime) -> CodeNames {
    let name = |package: &str| {
        let entries = project.dependencies(package);
        let dev = entries.iter().find(|entry| entry.section == Section::Dev);
        let entry = dev.or(entries.first());
        entry.map_or_else(|| package.replace('-', "_"), Dependency::crate_name)
    };
    CodeNames {
        krate: name("pyo3-aio"),
        pyo3: name("pyo3"),
        sleep: runtime.sleep(&name(runtime.package())),
        runtime,
    }
}

/// Finds what the file says about other changes; `None` if it is not what `init` or `new` writes.
fn find_marks(
    project: &Project,
    request: &Request,
    names: &[CodeNames],
    text: &str,
) -> Option<Marks> {
    let text = text.replace("\r\n", "\n");
    let variants = [Template::Example, Template::New]
        .into_iter()
        .flat_map(|template| {
            [true, false].map(|imports_module| Request {
                template,
                imports_module,
                ..request.clone()
            })
        });
    let mut variants =
        variants.flat_map(|request| names.iter().map(move |names| (request.clone(), names)));
    variants.find_map(|(request, names)| test_target::find_marks(project, &request, names, &text))
}

fn remove_entry(entry: Option<&TestEntry>, has_file: bool) -> Steps {
    let mut steps = Steps::default();
    match entry {
        Some(entry) if entry.is_as_written => steps.edits.push(Edit::RemoveTest {
            name: entry.name.clone(),
        }),
        Some(entry) if has_file => {
            let name = &entry.name;
            steps.notes.push(format!(
                "test target {name} has other keys too, and its entry goes with its file"
            ));
            steps.edits.push(Edit::RemoveTest { name: name.clone() });
        }
        _ => {}
    }
    steps
}

/// The names of other targets that need what was set up.
fn others(project: &Project, found: &ExistingFiles, path: &str) -> Vec<String> {
    let targets = found.targets.iter().filter(|target| target.path != path);
    let is_used = |kind, state: &State| match kind {
        Kind::Test => true,
        Kind::Library => matches!(state, State::NeverRun(_)) || has_own_tests(project),
    };
    let used = targets.filter(|target| is_used(target.kind, &target.state));
    used.map(|target| target.path.clone()).collect()
}

fn has_own_tests(project: &Project) -> bool {
    let library = project.library.as_ref();
    library.is_some_and(|library| {
        !library
            .source
            .test_functions(&project.library_crates())
            .own
            .is_empty()
    })
}

/// Takes back what all tests need, as none is left.
fn remove_set_up(
    project: &Project,
    found: &ExistingFiles,
    names: &[CodeNames],
    marks: Option<Marks>,
    path: &str,
) -> Steps {
    let mut steps = Steps::default();
    let library = project.library.as_ref();
    if library
        .is_some_and(|library| !remove_from_library(project, library, names, marks, &mut steps))
    {
        return steps;
    }
    let others = other_sources(project, found, path, &steps);
    if let Some(library) = library.filter(|_| project.manifest.library().has_rlib_last) {
        let is_outside = |path: &Path| library.source.text(path).is_none();
        let mut users = others.iter().filter(|(path, _)| is_outside(path));
        let user = users.find(|(_, text)| has_word(text, &library.name));
        match (marks.is_some_and(|marks| marks.adds_rlib), user) {
            (true, None) => steps.edits.push(Edit::RemoveRlib),
            (true, Some((user, _))) => {
                let user = project.shown(user);
                steps
                    .notes
                    .push(format!("`rlib` stays: {user} uses the library"));
            }
            (false, _) => {}
        }
    }
    let runtimes = Runtime::ALL.map(|runtime| runtime.package());
    for package in ["pyo3-aio"].into_iter().chain(runtimes).chain(["pyo3"]) {
        remove_dependency(project, package, &others, &mut steps);
    }
    steps
}

/// The Rust files that stay, as they will be.
fn other_sources(
    project: &Project,
    found: &ExistingFiles,
    path: &str,
    steps: &Steps,
) -> Vec<(PathBuf, String)> {
    let removed = project.folder().join(path);
    let sources = found.sources.iter().filter(|(path, _)| *path != removed);
    let as_planned = |(path, text): &(PathBuf, String)| {
        let mut changes = steps.files.iter();
        let change = changes.find(|change| change.path == *path);
        let text = change.map_or(text, |change| &change.after);
        (path.clone(), text.clone())
    };
    sources.map(as_planned).collect()
}

/// Removes a dev-dependency that `init` would add, unless other code uses it.
fn remove_dependency(
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
    let runtimes = Runtime::ALL.into_iter();
    let mut written = match package {
        "pyo3-aio" => runtimes
            .map(|runtime| vec!["testing", runtime.feature()])
            .collect(),
        "pyo3" => vec![Vec::new()],
        _ => {
            let own = runtimes.filter(|runtime| runtime.package() == package);
            own.map(|runtime| runtime.package_features().to_vec())
                .collect::<Vec<_>>()
        }
    };
    let offers = normal.is_some() || dev.is_inherited;
    written.retain(|features| match offers {
        // Features that the ordinary dependency or the workspace has are not repeated.
        true => dev
            .own_features
            .iter()
            .all(|name| features.contains(&name.as_str())),
        false => dev.own_features == *features,
    });
    let is_repeated = match normal {
        Some(normal) => repeats(dev, normal),
        None => names_one_source(dev),
    };
    let is_as_written =
        dev.is_plain && dev.location.target.is_none() && !written.is_empty() && is_repeated;
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

/// Takes back what was written into the library. Returns whether nothing is left that needs pyo3-aio.
fn remove_from_library(
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

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let mut found = text.match_indices(word);
    found.any(|(start, _)| {
        !text[..start].ends_with(is_part) && !text[start + word.len()..].starts_with(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::{has_word, without_item};

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

    #[test]
    fn words_stand_alone() {
        assert!(has_word("use tokio::time;", "tokio"));
        assert!(!has_word("pyo3_aio::my_tokio, tokio2", "tokio"));
    }
}
