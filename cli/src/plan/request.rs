//! The input of a plan: the user's wishes, and the files that exist.

use std::path::PathBuf;

use crate::environment::library_source::LibrarySource;
use crate::project::manifest::Manifest;
use crate::project::test_targets::Target;
use crate::runtime::Runtime;

/// What somebody asks for.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The name of the test target.
    pub(crate) name: String,
    /// What is in its file.
    pub(crate) template: Template,
    /// The runtime, if one is asked for.
    pub(crate) runtime: Option<Runtime>,
    /// Where pyo3-aio comes from.
    pub(crate) source: LibrarySource,
    /// Whether the tests import the crate's own module, if it has one.
    pub(crate) imports_module: bool,
    /// Whether the tests inside the library are set up.
    pub(crate) has_unit_tests: bool,
    /// Whether a test file that exists is replaced.
    pub(crate) is_forced: bool,
    /// Whether pyo3-async-runtimes is replaced.
    pub(crate) migrates: bool,
}

/// What a new test file holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Template {
    /// Tests that show how it is done.
    Example,
    /// One test to begin with.
    New,
}

/// The files that matter, as far as they exist.
#[derive(Debug, Default)]
pub(crate) struct ExistingFiles {
    /// What is in the test's file.
    pub(crate) test: Option<String>,
    /// pyproject.toml, if it can be parsed.
    pub(crate) pyproject: Option<Manifest>,
    /// The test files, for a repair.
    pub(crate) targets: Vec<Target>,
    /// The Rust files of the package, for a migration.
    pub(crate) sources: Vec<(PathBuf, String)>,
}
