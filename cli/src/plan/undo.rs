//! The plan of `init --undo`: takes back what `init` and `new` have written, as far as it is unchanged.
//!
//! There is no record of what was written. Each part is compared with what `init` would write today: the test's file, its
//! entry, the dependencies, the end of the library's root file. The test's file also says whether `rlib` and `pub` were
//! added for it. A part that differs, or that other code needs, stays, and a note says so.

mod dependencies;
mod library;

use std::path::{Path, PathBuf};

use super::changes::{FileRemoval, Plan, Steps};
use super::edit::Edit;
use super::request::{ExistingFiles, Request, Template};
use super::test_target::{self, CodeNames, Marks};
use crate::project::Project;
use crate::project::manifest::{Dependency, Section, TestEntry};
use crate::project::test_targets::{Kind, State};
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
    let has_library = |entry: &Dependency| entry.section == Section::Dev;
    let is_set_up = text.is_some()
        || !steps.edits.is_empty()
        || project.dependencies("pyo3-aio").iter().any(has_library);
    match others.as_slice() {
        // Nothing is a trace of `init`, so nothing is taken for its work.
        _ if !is_set_up => {}
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
    if library.is_some_and(|library| !library::restore(project, library, names, marks, &mut steps))
    {
        return steps;
    }
    let others = other_sources(project, found, path, &steps);
    if let Some(library) = library.filter(|_| project.manifest.library().has_rlib_last) {
        let is_outside = |path: &Path| library.source.text(path).is_none();
        let mut users = others.iter().filter(|(path, _)| is_outside(path));
        let user = users.find(|(_, text)| dependencies::has_word(text, &library.name));
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
        dependencies::remove(project, package, &others, &mut steps);
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
