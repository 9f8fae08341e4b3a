//! The test target and its file.

use super::changes::{FileChange, Steps};
use super::edit::Edit;
use super::error::Error;
use super::request::{Request, Template};
use super::target_name;
use crate::project::Project;
use crate::project::manifest::TestEntry;
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
    existing: Option<&str>,
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
    let text = render(project, request, names);
    let mut steps = Steps::default();
    steps.edits.extend(register(ours, &request.name, &path));
    match existing {
        Some(existing) if existing == text => {}
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

fn render(project: &Project, request: &Request, names: &CodeNames) -> String {
    let library = project.library.as_ref();
    let krate = library.map_or("my_crate", |library| library.name.as_str());
    let mut modules = library.iter().flat_map(|library| &library.modules);
    let module = modules.find_map(|module| Some((module.public_path()?, module.name.as_str())));
    let (path, module_name) = module.unwrap_or(("my_module", "my_module"));
    let path = format!("{krate}::{path}");
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
