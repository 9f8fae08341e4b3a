//! The test target and its file.

use super::changes::{FileChange, Steps};
use super::edit::Edit;
use super::error::Error;
use super::request::{ExistingTest, Request, Template};
use super::{importable, target_name};
use crate::project::Project;
use crate::project::manifest::TestEntry;
use crate::project::rust::{Access, PyModule};
use crate::runtime::Runtime;

/// The names that the generated code uses.
#[derive(Debug)]
pub(super) struct CodeNames {
    /// The crate pyo3-aio.
    pub(super) krate: String,
    /// The crate pyo3.
    pub(super) pyo3: String,
    /// The runtime.
    pub(super) runtime: Runtime,
    /// The path of the runtime's function that sleeps.
    pub(super) sleep: String,
}

/// Returns the file of a test target, relative to the manifest.
pub(crate) fn file(name: &str) -> String {
    format!("pytests/{}.rs", target_name::identifier(name))
}

/// Decides on the target and its file, and returns the target's name: it differs from the requested one if the file is
/// registered under another.
pub(super) fn plan(
    project: &Project,
    request: &Request,
    existing: Option<&ExistingTest>,
    names: &CodeNames,
) -> Result<(String, Steps), Error> {
    let path = file(&request.name);
    let registered = project.manifest.tests();
    let ours = registered
        .iter()
        .find(|test| test.path.as_deref() == Some(path.as_str()));
    match ours {
        None => check_name(project, &request.name, &registered)?,
        // Another name may be that of the same file, as `a-b` and `a_b` are.
        Some(test) if request.template == Template::New && existing.is_some() => {
            let name = test.name.clone();
            return Err(Error::NameTaken { name, path });
        }
        Some(_) => {}
    }
    check_harness(request, existing, ours, &path)?;
    let text = render(project, request, names, Marks::of(project, request));
    let is_ours =
        existing.is_some_and(|existing| is_rendered(project, request, names, &existing.text));
    let existing = existing.map(|existing| existing.text.as_str());
    let mut steps = Steps::default();
    steps.edits.extend(register(ours, &request.name, &path));
    match existing {
        Some(_) if is_ours => {}
        Some(_) if !request.is_forced => {
            steps
                .notes
                .push(format!("`{path}` exists and stays as it is"));
        }
        _ => steps.files.push(FileChange {
            path: project.folder().join(&path),
            before: existing.map(str::to_owned),
            after: text,
            status: vec![(
                if existing.is_some() {
                    "Replacing"
                } else {
                    "Creating"
                },
                path,
            )],
        }),
    }
    let name = ours.map_or(&request.name, |test| &test.name).clone();
    Ok((name, steps))
}

/// Refuses a file without a harness, unless it is replaced or another harness of the user's is registered for it.
fn check_harness(
    request: &Request,
    existing: Option<&ExistingTest>,
    ours: Option<&TestEntry>,
    path: &str,
) -> Result<(), Error> {
    let is_settled = ours.is_some_and(|test| !test.has_harness) || request.is_forced;
    let solution = match request.template {
        Template::Example => {
            "choose another name with `--name`, or replace the file with `--force`"
        }
        Template::New => "choose another name",
    };
    match existing.filter(|_| !is_settled) {
        Some(existing) if !existing.has_main => Err(Error::NoHarness {
            path: path.to_owned(),
            solution,
        }),
        _ => Ok(()),
    }
}

fn register(ours: Option<&TestEntry>, name: &str, path: &str) -> Option<Edit> {
    match ours {
        None => Some(Edit::AddTest {
            name: name.to_owned(),
            path: path.to_owned(),
        }),
        Some(test) if test.has_harness => Some(Edit::DisableHarness {
            name: test.name.clone(),
        }),
        Some(_) => None,
    }
}

fn check_name(project: &Project, name: &str, registered: &[TestEntry]) -> Result<(), Error> {
    let taken = project.tests.iter().find(|taken| taken.name == name);
    let taken = taken.map(|taken| project.shown(&taken.path));
    let by_entry = registered.iter().find(|test| test.name == name);
    let by_entry = by_entry.map(|test| {
        test.path
            .clone()
            .unwrap_or_else(|| format!("tests/{}.rs", test.name))
    });
    match taken.or(by_entry) {
        Some(path) => Err(Error::NameTaken {
            name: name.to_owned(),
            path,
        }),
        None => Ok(()),
    }
}

/// Makes the module public that the new test imports, and those that the `main!` of the library's root file names: it sees
/// private items of its own file alone.
pub(super) fn publish_imported(
    project: &Project,
    request: &Request,
    existing: Option<&ExistingTest>,
    names: &CodeNames,
) -> Steps {
    let imported = imported_module(project).filter(|_| request.imports_module);
    let is_written = match existing {
        Some(existing) if !request.is_forced => {
            is_rendered(project, request, names, &existing.text)
        }
        _ => true,
    };
    let imported = imported.filter(|_| is_written);
    let library = project.library.as_ref().filter(|_| request.has_unit_tests);
    let is_main_added = library.is_some_and(|library| !library.source.has_main());
    importable::publish(project, |module| {
        Some(module) == imported || (is_main_added && module.is_below_root())
    })
}

/// Finds the module that a test imports: the first one that it can name, or could if it were public.
pub(super) fn imported_module(project: &Project) -> Option<&PyModule> {
    let modules = project.library.iter().flat_map(|library| &library.modules);
    let mut modules = modules.filter(|module| module.public_path().is_some());
    modules.next()
}

/// What a test file says about changes of the library that were made for it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Marks {
    /// The library has become an `rlib`.
    pub(super) adds_rlib: bool,
    /// The module that the test imports has become public.
    pub(super) publishes: bool,
    /// The module that the test could import is private.
    is_private: bool,
}

impl Marks {
    /// Returns all combinations.
    fn all() -> impl Iterator<Item = Self> {
        (0..8).map(|bits| Self {
            adds_rlib: bits & 1 != 0,
            publishes: bits & 2 != 0,
            is_private: bits & 4 != 0,
        })
    }

    fn of(project: &Project, request: &Request) -> Self {
        let imported = imported_module(project).filter(|_| request.imports_module);
        let is_private =
            |access: &Access| matches!(access, Access::Private { range, .. } if range.is_empty());
        Self {
            adds_rlib: importable::link(project).is_some(),
            publishes: imported.is_some_and(|module| is_private(&module.access)),
            is_private: imported_module(project)
                .is_some_and(|module| matches!(module.access, Access::Private { .. })),
        }
    }
}

/// Whether a text is what `init` or `new` writes, be it before or after their other changes.
fn is_rendered(project: &Project, request: &Request, names: &CodeNames, text: &str) -> bool {
    find_marks(project, request, names, text).is_some()
}

/// Finds what a text says about other changes; `None` if it is not what the request writes.
pub(super) fn find_marks(
    project: &Project,
    request: &Request,
    names: &CodeNames,
    text: &str,
) -> Option<Marks> {
    Marks::all().find(|marks| render(project, request, names, *marks) == text)
}

fn render(project: &Project, request: &Request, names: &CodeNames, marks: Marks) -> String {
    let library = project.library.as_ref();
    let krate = library.map_or("my_crate", |library| library.name.as_str());
    let module = imported_module(project);
    let module = module.and_then(|module| Some((module.public_path()?, module.name.as_str())));
    let (path, module_name) = module.unwrap_or(("my_module", "my_module"));
    let path = format!("{krate}::{path}");
    let rlib = "//!\n//! They can use the library, which is an `rlib` for them.\n";
    let values = [
        ("crate", names.krate.as_str()),
        ("pyo3", &names.pyo3),
        ("runtime", names.runtime.module()),
        ("sleep", &names.sleep),
        ("name", &target_name::identifier(&request.name)),
        ("module", &path),
        ("module_name", module_name),
        // The name must be snake case, which `test_import__a` is not.
        ("test_name", module_name.trim_matches('_')),
        ("rlib", if marks.adds_rlib { rlib } else { "" }),
        (
            "once",
            if marks.is_private {
                ", once it is `pub`"
            } else {
                ""
            },
        ),
        (
            "public",
            if marks.publishes {
                " It is `pub` for that."
            } else {
                ""
            },
        ),
    ];
    let main = match request.imports_module && module.is_some() {
        true => pyo3_aio_templates::MAIN_MODULE,
        false => pyo3_aio_templates::MAIN,
    };
    let main = pyo3_aio_templates::render(main, &values);
    let template = match request.template {
        Template::Example => pyo3_aio_templates::EXAMPLE,
        Template::New => pyo3_aio_templates::NEW,
    };
    let with_main = values.into_iter().chain([("main", main.trim_end())]);
    pyo3_aio_templates::render(template, &with_main.collect::<Vec<_>>())
}
