//! Decides what to change, and changes nothing.

mod dependency;
mod pyo3;
mod target;

use std::path::PathBuf;

use cargo_metadata::Edition;

use crate::manifest::{Edit, Manifest};
use crate::project::{Library, Project};
use crate::pymodule::{self, PyModule};
use crate::runtime::Runtime;
use crate::source::Source;
use dependency::Need;
pub(crate) use pyo3::NEWEST as NEWEST_PYO3;
pub(crate) use target::file;

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
    pub(crate) source: Source,
}

/// What a new test file holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Template {
    /// Tests that show how it is done.
    Example,
    /// One test to begin with.
    New,
}

/// What will be done.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The changes of the manifest.
    pub(crate) edits: Vec<Edit>,
    /// The manifest with these changes.
    pub(crate) manifest: Manifest,
    /// The other files, in the order in which they are written.
    pub(crate) files: Vec<FileChange>,
    /// The name of the test target.
    pub(crate) target: String,
    /// What is worth knowing.
    pub(crate) notes: Vec<String>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.files.is_empty()
    }
}

/// A file that is made or changed.
#[derive(Clone, Debug)]
pub(crate) struct FileChange {
    /// The file, absolute.
    pub(crate) path: PathBuf,
    /// What it holds, if it exists.
    pub(crate) before: Option<String>,
    /// What it will hold.
    pub(crate) after: String,
    /// The verb of the status line.
    pub(crate) verb: &'static str,
    /// The rest of each status line.
    pub(crate) messages: Vec<String>,
}

/// Why it cannot be done.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// No `async fn`.
    #[error(
        "package `{0}` is of edition 2015, which has no `async fn`: set `edition = \"2021\"` or later in its Cargo.toml"
    )]
    Edition(String),
    /// Another pyo3.
    #[error(
        "package `{package}` depends on pyo3 `{version}`, and pyo3-aio works with pyo3 {}: \
         change the version in its Cargo.toml (what else to change is at \
         https://pyo3.rs/latest/migration), then run this again",
        pyo3::RANGE
    )]
    Pyo3 {
        /// The package.
        package: String,
        /// What it asks for.
        version: String,
    },
    /// The name is in use.
    #[error("a test target `{name}` exists already, in `{path}`: choose another name")]
    NameTaken {
        /// The name.
        name: String,
        /// Its file.
        path: String,
    },
}

/// Decides what has to change so that the package has what is asked for. `existing` is what the
/// test's file holds, if there is one.
pub(crate) fn plan(
    project: &Project,
    request: &Request,
    existing: Option<&str>,
) -> Result<Plan, Error> {
    if project.edition == Edition::E2015 {
        return Err(Error::Edition(project.name.clone()));
    }
    let mut edits = Vec::new();
    let pyo3 = pyo3::supply(project, &mut edits)?;
    let runtime = request.runtime.unwrap_or_else(|| runtime_in_use(project));
    let library = Need {
        package: "pyo3-aio",
        features: &["testing", runtime.feature()],
        keys: request.source.keys(project.folder()),
        origin: request.source.to_string(),
    };
    let krate = dependency::supply(project, &library, &mut edits);
    let runtime_crate = dependency::supply(project, &Need::runtime(runtime), &mut edits);
    let names = target::Names {
        krate,
        pyo3,
        runtime,
        sleep: runtime.sleep(&runtime_crate),
    };
    let mut notes = Vec::new();
    let mut files = Vec::new();
    if let Some(library) = &project.library {
        edits.extend((!library.is_linkable).then_some(Edit::AddRlib));
        files.extend(publish_modules(project, library));
    }
    let test = target::plan(project, request, existing, &names)?;
    edits.extend(test.edit);
    files.extend(test.file);
    notes.extend(test.note);
    let mut manifest = project.manifest.clone();
    edits.iter().for_each(|edit| manifest.apply(edit));
    Ok(Plan {
        edits,
        manifest,
        files,
        target: test.name,
        notes,
    })
}

/// The runtime that the package already uses with the library, or else at all.
fn runtime_in_use(project: &Project) -> Runtime {
    let declared = dependency::declared(project, "pyo3-aio");
    let has = |feature: &str| {
        declared
            .iter()
            .any(|d| d.features.iter().any(|f| f == feature))
    };
    let with_library = Runtime::ALL
        .into_iter()
        .find(|runtime| has(runtime.feature()));
    let at_all = || {
        let is_declared = |r: &Runtime| !dependency::declared(project, r.package()).is_empty();
        Runtime::ALL.into_iter().find(is_declared)
    };
    with_library.or_else(at_all).unwrap_or(Runtime::Tokio)
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
    let shown = library
        .path
        .strip_prefix(project.folder())
        .unwrap_or(&library.path)
        .display();
    let message = |module: &&PyModule| {
        let (line, item) = (module.line, &module.item);
        format!("{shown}:{line}: `{item}` is now `pub`, so that tests can import it")
    };
    let messages = private.iter().map(message).collect();
    Some(FileChange {
        path: library.path.clone(),
        before: Some(library.source.clone()),
        after,
        verb: "Repairing",
        messages,
    })
}
