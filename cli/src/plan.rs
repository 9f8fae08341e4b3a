//! Decides what to change, and changes nothing.

mod dependency;
mod extension_module;
mod library;
mod migrate;
mod pyo3;
pub(crate) mod pyproject;
mod repair;
mod target;
pub(crate) mod target_name;
mod unit_tests;

use std::path::PathBuf;

use cargo_metadata::Edition;

use crate::environment::library_source::Source;
use crate::project::Project;
use crate::project::manifest::{Edit, Manifest};
use crate::project::test_targets::Target;
use crate::project::unit_tests::UnitTests;
use crate::runtime::Runtime;
use dependency::Need;
pub(crate) use dependency::{leaks_testing, library_crates, library_features, ships_testing};
pub(crate) use extension_module::is_declared as declares_extension_module;
pub(crate) use migrate::former_crates;
pub(crate) use pyo3::{
    NEWEST as NEWEST_PYO3, RANGE as PYO3_RANGE, is_compatible as is_compatible_pyo3,
    requirement as pyo3_requirement,
};
pub(crate) use repair::plan as repair;
pub(crate) use target::file;
pub(crate) use unit_tests::shown as shown_tests;

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
    /// Whether the tests import the crate's own module, if it has one.
    pub(crate) imports_module: bool,
    /// Whether the tests inside the library are set up.
    pub(crate) has_unit_tests: bool,
    /// Whether a test file that exists is replaced.
    pub(crate) is_forced: bool,
    /// Whether pyo3-async-runtimes is replaced.
    pub(crate) migrates: bool,
}

/// The files that matter, as far as they exist.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// What is in the test's file.
    pub(crate) test: Option<String>,
    /// pyproject.toml, if it can be parsed.
    pub(crate) pyproject: Option<Manifest>,
    /// The test files, for a repair.
    pub(crate) targets: Vec<Target>,
    /// The tests inside the library, if it is to be tested too.
    pub(crate) unit_tests: UnitTests,
    /// The Rust files of the package, for a migration.
    pub(crate) sources: Vec<(PathBuf, String)>,
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
    /// What should be looked at.
    pub(crate) warnings: Vec<String>,
}

/// What a part of the plan contributes.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) edits: Vec<Edit>,
    pub(crate) files: Vec<FileChange>,
    pub(crate) notes: Vec<String>,
}

impl Steps {
    /// Adds what comes later. Two changes of one file become one.
    pub(crate) fn extend(&mut self, later: Self) {
        self.edits.extend(later.edits);
        self.notes.extend(later.notes);
        for change in later.files {
            match self
                .files
                .iter_mut()
                .find(|earlier| earlier.path == change.path)
            {
                Some(earlier) => {
                    earlier.after = change.after;
                    earlier.status.extend(change.status);
                }
                None => self.files.push(change),
            }
        }
    }
}

impl Plan {
    /// A plan of these steps; the manifest is edited, and not yet written.
    pub(crate) fn new(project: &Project, target: String, steps: Steps) -> Self {
        let Steps {
            edits,
            files,
            notes,
        } = steps;
        let mut manifest = project.manifest.clone();
        edits.iter().for_each(|edit| manifest.apply(edit));
        Self {
            edits,
            manifest,
            files,
            target,
            notes,
            warnings: Vec::new(),
        }
    }

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
    /// Its status lines: the verb, and the rest.
    pub(crate) status: Vec<(&'static str, String)>,
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
    /// No library to test.
    #[error("package `{0}` has no library, which `--lib` is about: leave it out")]
    NoLibrary(String),
    /// Tests that nobody would run any more.
    #[error(
        "package `{package}` has tests in its library that only libtest runs; `--lib` would make \
         them vanish without a word:{places}\n\ngive each `{attribute}`, in place of `#[test]` or \
         above `#[rstest]` and `#[test_case]`, or move them to files in tests/, then run this again"
    )]
    PlainTests {
        /// The package.
        package: String,
        /// A line for each test.
        places: String,
        /// What runs them.
        attribute: String,
    },
    /// The dependency stands in a file that is not this package's.
    #[error(
        "package `{package}` takes pyo3-async-runtimes from its workspace: write \
         `pyo3-aio = {keys}` in place of pyo3-async-runtimes in `[workspace.dependencies]` and \
         in the members, then run this again"
    )]
    Inherited {
        /// The package.
        package: String,
        /// The new dependency.
        keys: String,
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

/// What the first resolver makes of the dev-dependency.
pub(crate) const LEAK: &str = "cargo's resolver \"1\" turns the feature `testing` of \
                               [dev-dependencies] on in `cargo build` too, so what is shipped needs \
                               libpython";

/// Decides what has to change so that the package has what is asked for.
pub(crate) fn plan(project: &Project, request: &Request, found: &Found) -> Result<Plan, Error> {
    if project.edition == Edition::E2015 {
        return Err(Error::Edition(project.name.clone()));
    }
    let (migrated, mut steps) = migrate::plan(project, request, &found.sources)?;
    let project = migrated.as_ref().unwrap_or(project);
    let pyo3 = pyo3::supply(project, &mut steps.edits)?;
    let runtime = request.runtime.unwrap_or_else(|| runtime_in_use(project));
    let library = Need {
        package: "pyo3-aio",
        features: &["testing", runtime.feature()],
        keys: request.source.keys(project.folder()),
        origin: request.source.to_string(),
    };
    let krate = dependency::supply(project, &library, &mut steps.edits);
    let runtime_crate = dependency::supply(project, &Need::runtime(runtime), &mut steps.edits);
    steps.extend(library::repair(project));
    steps.extend(extension_module::repair(project, found.pyproject.as_ref()));
    let sleep = runtime.sleep(&runtime_crate);
    let names = target::Names {
        krate,
        pyo3,
        runtime,
        sleep,
    };
    let (target, test) = target::plan(project, request, found.test.as_deref(), &names)?;
    steps.extend(test);
    if request.has_unit_tests {
        let tests = &found.unit_tests;
        steps.extend(unit_tests::plan(project, tests, &names, &steps)?);
    }
    let mut plan = Plan::new(project, target, steps);
    if is_new(&plan.edits, &library) {
        plan.warnings.extend(request.source.warning());
    }
    plan.warnings.extend(warn_of_resolver(project, &plan));
    Ok(plan)
}

/// Whether the source of what is needed gets into the manifest.
fn is_new(edits: &[Edit], need: &Need<'_>) -> bool {
    edits.iter().any(|edit| match edit {
        Edit::AddDependency { key, origin, .. } => key == need.package && *origin == need.origin,
        Edit::Migrate { .. } => true,
        _ => false,
    })
}

/// What the manifest will say decides.
fn warn_of_resolver(project: &Project, plan: &Plan) -> Option<String> {
    let planned = Project {
        manifest: plan.manifest.clone(),
        ..project.clone()
    };
    let leaks = leaks_testing(&planned) && !ships_testing(&planned);
    let cure = || project.resolver.cure(|path| project.shown(path));
    leaks.then(|| format!("{LEAK}: {}", cure()))
}

/// The runtime that the package already uses with the library, or else at all.
fn runtime_in_use(project: &Project) -> Runtime {
    let declared = dependency::declared(project, "pyo3-aio");
    let features: Vec<&String> = declared.iter().flat_map(|entry| &entry.features).collect();
    let is_used = |runtime: &Runtime| features.iter().any(|name| *name == runtime.feature());
    let is_declared = |runtime: &Runtime| {
        let declared = dependency::declared(project, runtime.package());
        !declared.is_empty()
    };
    let mut all = Runtime::ALL.into_iter();
    let with_library = all.clone().find(is_used);
    with_library
        .or_else(|| all.find(is_declared))
        .unwrap_or(Runtime::Tokio)
}
