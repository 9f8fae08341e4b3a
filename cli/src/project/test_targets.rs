//! The test targets that bring this harness, and in what state they are.

mod library;

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::path::Path;

use crate::project::unit_tests::{self, UnitTests};
use crate::project::{Project, TestTarget};

/// A test file, registered or not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Target {
    /// Its name, or the one that it would have.
    pub(crate) name: String,
    /// Its file, seen from the manifest.
    pub(crate) path: String,
    /// What it is to cargo.
    pub(crate) kind: Kind,
    /// What becomes of it.
    pub(crate) state: State,
    /// Where its tests with `serial` are.
    pub(crate) serial: Vec<String>,
}

/// What a target is to cargo.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A file with tests.
    Test,
    /// The library, with tests inside.
    Library,
}

impl Kind {
    /// One word for machines.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Library => "lib",
        }
    }
}

/// What becomes of a test file under `cargo test`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum State {
    /// It runs.
    Registered,
    /// It is linked with libtest's harness, which finds no tests in it.
    HarnessIsOn,
    /// Cargo does not know it.
    NotRegistered,
    /// Cargo passes over it without these features.
    Skipped(Vec<String>),
    /// A library with tests that no main function starts.
    NoMain,
    /// A library that `cargo test` is told to pass over.
    NotTested,
    /// It has these tests, which only libtest would run.
    LosesTests(Vec<String>),
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
            Self::LosesTests(places) => write!(f, "loses tests: {}", places.len()),
        }
    }
}

impl State {
    /// One word for machines.
    pub(crate) fn id(&self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::HarnessIsOn => "harness-not-false",
            Self::NotRegistered => "not-registered",
            Self::Skipped(_) => "skipped",
            Self::NoMain => "no-main",
            Self::NotTested => "not-tested",
            Self::LosesTests(_) => "loses-tests",
        }
    }
}

/// A file that may be a test's, and what is in it.
#[derive(Clone, Debug)]
struct Source {
    /// The file, seen from the manifest.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// Finds all targets of a package, the library first.
pub(crate) fn all(project: &Project) -> Vec<Target> {
    let tests = find(project, &read_sources(project));
    library::find(project).into_iter().chain(tests).collect()
}

/// Reads the files that may be tests: those that cargo knows, and those in `pytests/`.
fn read_sources(project: &Project) -> Vec<Source> {
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
    let files: BTreeSet<_> = known.chain(in_folder).collect();
    let files = files
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"));
    let read = |path: &Path| {
        let text = fs::read_to_string(path).ok()?;
        Some(Source {
            path: project.shown(path),
            text,
        })
    };
    files.filter_map(|path| read(path)).collect()
}

/// Finds the targets among the files, in the order of their paths.
fn find(project: &Project, sources: &[Source]) -> Vec<Target> {
    let entries = project.manifest.tests();
    let enabled = enabled_features(project);
    let target = |source: &Source| {
        let known = project
            .tests
            .iter()
            .find(|test| project.shown(&test.path) == source.path);
        let Some(known) = known else {
            let is_test = brings_harness(&source.text) && !is_part_of_another(source, sources);
            let state = State::NotRegistered;
            return is_test.then(|| Target {
                name: stem(&source.path),
                path: source.path.clone(),
                kind: Kind::Test,
                state,
                serial: Vec::new(),
            });
        };
        let has_harness = entries.iter().find(|entry| entry.name == known.name);
        let has_harness = has_harness.is_none_or(|entry| entry.has_harness);
        if !brings_harness(&source.text) {
            return None;
        }
        let tests = read_tests(project, known);
        let state = match (has_harness, missing(known, &enabled)) {
            (true, _) => State::HarnessIsOn,
            (false, Some(features)) => State::Skipped(features),
            (false, None) if tests.plain.is_empty() => State::Registered,
            (false, None) => State::LosesTests(unit_tests::shown(project, &tests.plain)),
        };
        Some(Target {
            name: known.name.clone(),
            path: source.path.clone(),
            kind: Kind::Test,
            state,
            serial: unit_tests::shown(project, &tests.serial),
        })
    };
    sources.iter().filter_map(target).collect()
}

/// The tests of a file. Those of pyo3-async-runtimes run in its own harness.
fn read_tests(project: &Project, test: &TestTarget) -> UnitTests {
    let mut crates = project.library_crates();
    crates.extend(project.peer_crates());
    unit_tests::read(&test.path, &crates)
}

/// Whether the file starts the harness, this library's or that of pyo3-async-runtimes, or leaves
/// it to a `main` elsewhere.
fn brings_harness(text: &str) -> bool {
    [
        "testing::main",
        "testing::test_main",
        "testing::test_harness",
        "libtest_async::main",
    ]
    .iter()
    .any(|call| {
        text.lines()
            .any(|line| line.contains(call) && !line.trim_start().starts_with("//"))
    })
}

/// Whether another test has the file as a module.
fn is_part_of_another(source: &Source, sources: &[Source]) -> bool {
    let declaration = format!("mod {};", stem(&source.path));
    sources.iter().any(|other| {
        other.path != source.path
            && other
                .text
                .lines()
                .any(|line| line.trim().ends_with(&declaration))
    })
}

/// The name of a file, or of the folder of a `main.rs`.
fn stem(path: &str) -> String {
    let path = Path::new(path);
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

/// The package's features that are on when none are chosen.
fn enabled_features(project: &Project) -> BTreeSet<String> {
    let mut enabled = BTreeSet::new();
    let mut todo = vec!["default".to_owned()];
    while let Some(name) = todo.pop() {
        if let Some(implied) = project.features.get(&name) {
            if enabled.insert(name) {
                todo.extend(implied.iter().cloned());
            }
        }
    }
    enabled
}

#[cfg(test)]
mod tests {
    use super::{Source, brings_harness, is_part_of_another, stem};

    #[test]
    fn the_harness_is_found_in_code_only() {
        assert!(brings_harness("pyo3_aio::testing::main!();"));
        assert!(brings_harness("    testing::test_main(\"x\", vec![])"));
        assert!(!brings_harness("// pyo3_aio::testing::main!();"));
        assert!(!brings_harness("fn main() {}"));
    }

    #[test]
    fn modules_of_other_tests_are_no_targets() {
        let source = |path: &str, text: &str| Source {
            path: path.into(),
            text: text.into(),
        };
        let part = source("pytests/cases.rs", "");
        let whole = source("pytests/all.rs", "pub mod cases;\n");
        assert!(is_part_of_another(&part, &[part.clone(), whole.clone()]));
        assert!(!is_part_of_another(&whole, &[part, whole.clone()]));
    }

    #[test]
    fn a_folder_gives_its_name() {
        assert_eq!(
            [stem("pytests/a.rs"), stem("pytests/b/main.rs")],
            ["a", "b"]
        );
    }
}
