//! The input of a plan: the user's request, and the files that exist.

use std::path::PathBuf;

use crate::environment::library_source::LibrarySource;
use crate::project::manifest::Manifest;
use crate::project::test_targets::Target;
use crate::runtime::Runtime;

/// The user's request, from the command line.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The name of the test target.
    pub(crate) name: String,
    /// The template of its file.
    pub(crate) template: Template,
    /// The runtime, if the user names one.
    pub(crate) runtime: Option<Runtime>,
    /// The source of pyo3-aio.
    pub(crate) source: LibrarySource,
    /// Whether a test imports the crate's own `#[pymodule]`, if it has one.
    pub(crate) imports_module: bool,
    /// Whether the tests inside the library are set up.
    pub(crate) has_unit_tests: bool,
    /// Whether a test file that exists is replaced.
    pub(crate) is_forced: bool,
    /// Whether pyo3-async-runtimes is replaced.
    pub(crate) migrates: bool,
}

/// The content of a new test file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Template {
    /// Examples in both directions.
    Example,
    /// One test to begin with.
    New,
}

/// A test file that exists.
#[derive(Clone, Debug)]
pub(crate) struct ExistingTest {
    /// Its content.
    pub(crate) text: String,
    /// Whether it runs without libtest's harness, and no test of it is lost then.
    pub(crate) has_main: bool,
}

/// The files that a plan depends on, as far as they exist.
#[derive(Debug, Default)]
pub(crate) struct ExistingFiles {
    /// The test's file.
    pub(crate) test: Option<ExistingTest>,
    /// pyproject.toml, if it can be parsed.
    pub(crate) pyproject: Option<Manifest>,
    /// The test targets, for a repair.
    pub(crate) targets: Vec<Target>,
    /// The Rust files of the package, for a migration.
    pub(crate) sources: Vec<(PathBuf, String)>,
}
