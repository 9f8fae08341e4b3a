//! The test targets with this harness, and their states.

mod library;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::project::rust::{SourceTree, TestFunctions, TestLocation};
use crate::project::{Project, TestTarget};

/// A test file, registered or not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Target {
    /// Its name, or the one that it would get.
    pub(crate) name: String,
    /// Its file, relative to the manifest.
    pub(crate) path: String,
    /// Its kind.
    pub(crate) kind: Kind,
    /// Its state under `cargo test`.
    pub(crate) state: State,
    /// The modules in its `testing::main!`, which Python can import in the tests.
    pub(crate) modules: Vec<String>,
    /// Its tests with `serial`.
    pub(crate) serial: Vec<SerialTest>,
}

/// A test that runs alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct SerialTest {
    /// Its location, for messages.
    pub(crate) location: String,
    /// Its function; `None` if its name is known only when it runs.
    pub(crate) function: Option<String>,
}

impl SerialTest {
    fn new(project: &Project, test: &TestLocation) -> Self {
        Self {
            location: test.show(|path| project.shown(path)),
            function: test.name.clone().filter(|name| name != "with_serial"),
        }
    }
}

/// The kind of a target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A file with tests.
    Test,
    /// The library, with tests inside.
    Library,
}

impl Kind {
    /// The name in `list --format json`.
    pub(crate) fn json_name(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Library => "lib",
        }
    }
}

/// The state of a test file under `cargo test`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// All of its tests run.
    Registered,
    /// Without `harness = false` it is built with libtest's harness, which finds no tests in it.
    HarnessIsOn,
    /// It has no `[[test]]` entry.
    NotRegistered,
    /// Cargo skips it unless these features are on.
    Skipped(Vec<String>),
    /// A library with tests that no main function starts.
    NoMain,
    /// A library with `test = false`, which `cargo test` skips.
    NotTested,
    /// Its file has this syntax error.
    DoesNotParse(String),
    /// It has these tests for libtest, which never run without it.
    NeverRun(Vec<String>),
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registered => write!(f, "registered"),
            Self::HarnessIsOn => write!(f, "harness is not false"),
            Self::NotRegistered => write!(f, "not registered"),
            Self::Skipped(features) => write!(f, "skipped without {}", features.join(", ")),
            Self::NoMain => write!(f, "no testing::main!"),
            Self::NotTested => write!(f, "test = false"),
            Self::DoesNotParse(_) => write!(f, "does not parse"),
            Self::NeverRun(tests) => write!(f, "tests that never run: {}", tests.len()),
        }
    }
}

impl State {
    /// The name in `list --format json`.
    pub(crate) fn json_name(&self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::HarnessIsOn => "harness-not-false",
            Self::NotRegistered => "not-registered",
            Self::Skipped(_) => "skipped",
            Self::NoMain => "no-main",
            Self::NotTested => "not-tested",
            Self::DoesNotParse(_) => "does-not-parse",
            Self::NeverRun(_) => "loses-tests",
        }
    }
}

/// Finds all targets of a package, the library first.
pub(crate) fn all(project: &Project) -> Vec<Target> {
    let tests = find(project, &read_sources(project));
    library::find(project).into_iter().chain(tests).collect()
}

/// Reads the files that may be tests: those that cargo knows, and those in `pytests/`.
fn read_sources(project: &Project) -> Vec<SourceTree> {
    let known = project.tests.iter().map(|test| test.path.clone());
    let entries = fs::read_dir(project.folder().join("pytests"))
        .into_iter()
        .flatten()
        .flatten();
    let in_folder = entries
        .map(|entry| entry.path())
        .map(|path| match path.is_dir() {
            true => path.join("main.rs"),
            false => path,
        });
    let files: BTreeSet<PathBuf> = known.chain(in_folder).collect();
    let is_rust =
        |path: &&PathBuf| path.extension().is_some_and(|end| end == "rs") && path.is_file();
    files
        .iter()
        .filter(is_rust)
        .map(|path| SourceTree::read(path))
        .collect()
}

/// Finds the targets among the files, in the order of their paths.
fn find(project: &Project, sources: &[SourceTree]) -> Vec<Target> {
    let enabled = project.default_features();
    let target = |source: &SourceTree| {
        let mut tests = project.tests.iter();
        let state = match tests.find(|test| test.path == source.root()) {
            Some(known) => (
                known.name.clone(),
                known_state(project, known, source, &enabled)?,
            ),
            None if source.starts_harness() && !is_module(source, sources) => {
                (stem(source.root()), State::NotRegistered)
            }
            None => return None,
        };
        let (name, state) = state;
        let is_known = state != State::NotRegistered;
        let serial = is_known.then(|| read_tests(project, source).serial);
        Some(Target {
            name,
            path: project.shown(source.root()),
            kind: Kind::Test,
            state,
            modules: modules(source),
            serial: show_serial(project, &serial.unwrap_or_default()),
        })
    };
    sources.iter().filter_map(target).collect()
}

/// Returns the state of a target that cargo knows; `None` if it has another harness.
fn known_state(
    project: &Project,
    test: &TestTarget,
    source: &SourceTree,
    enabled: &BTreeSet<String>,
) -> Option<State> {
    let entries = project.manifest.tests();
    let entry = entries.iter().find(|entry| entry.name == test.name);
    let has_harness = entry.is_none_or(|entry| entry.has_harness);
    if let Some(error) = source.root_error() {
        return (!has_harness).then(|| State::DoesNotParse(error.to_string()));
    }
    if !source.starts_harness() {
        return None;
    }
    let plain = read_tests(project, source).plain;
    Some(match (has_harness, missing(test, enabled)) {
        (true, _) => State::HarnessIsOn,
        (false, Some(features)) => State::Skipped(features),
        (false, None) if plain.is_empty() => State::Registered,
        (false, None) => State::NeverRun(project.show_tests(&plain)),
    })
}

/// Finds the tests of a target. Those of pyo3-async-runtimes count as its own: its harness runs them.
fn read_tests(project: &Project, source: &SourceTree) -> TestFunctions {
    let mut crates = project.library_crates();
    crates.extend(project.peer_crates());
    source.test_functions(&crates)
}

fn show_serial(project: &Project, tests: &[TestLocation]) -> Vec<SerialTest> {
    let tests = tests.iter();
    tests.map(|test| SerialTest::new(project, test)).collect()
}

/// The modules in `testing::main!`.
fn modules(source: &SourceTree) -> Vec<String> {
    source
        .main_macro()
        .map_or_else(Vec::new, |main| main.modules)
}

/// Whether another test has the file as a module.
fn is_module(source: &SourceTree, sources: &[SourceTree]) -> bool {
    let mut sources = sources.iter();
    sources.any(|other| other.has_module_file(source.root()))
}

/// Returns the name of a target by its file: the name of the file, or of the folder of a `main.rs`.
fn stem(path: &Path) -> String {
    let named = match path.file_name().is_some_and(|name| name == "main.rs") {
        true => path.parent().unwrap_or(path),
        false => path,
    };
    named
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn missing(test: &TestTarget, enabled: &BTreeSet<String>) -> Option<Vec<String>> {
    let missing = test
        .required_features
        .iter()
        .filter(|feature| !enabled.contains(*feature));
    let missing: Vec<String> = missing.cloned().collect();
    (!missing.is_empty()).then_some(missing)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::stem;

    #[test]
    fn a_folder_gives_its_name() {
        assert_eq!(
            ["pytests/a.rs", "pytests/b/main.rs"].map(|path| stem(Path::new(path))),
            ["a", "b"]
        );
    }
}
