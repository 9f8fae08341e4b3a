//! The test target and its file.

use std::path::Path;

use super::{Error, FileChange, Request, Template};
use crate::manifest::{Edit, Registered};
use crate::project::Project;
use crate::runtime::Runtime;
use crate::target_name;

/// What things are called in the code.
#[derive(Debug)]
pub(super) struct Names {
    /// The library.
    pub(super) krate: String,
    /// pyo3.
    pub(super) pyo3: String,
    /// The runtime.
    pub(super) runtime: Runtime,
    /// The runtime's function that sleeps.
    pub(super) sleep: String,
}

/// What to do for the target.
#[derive(Debug)]
pub(super) struct Target {
    /// Its name, which may differ from what was asked for if the file is registered.
    pub(super) name: String,
    /// With the manifest.
    pub(super) edit: Option<Edit>,
    /// With the file.
    pub(super) file: Option<FileChange>,
    /// What to say.
    pub(super) note: Option<String>,
}

/// The file of a test target, seen from the manifest.
pub(crate) fn file(name: &str) -> String {
    format!("pytests/{}.rs", target_name::identifier(name))
}

/// Decides on the target and its file.
pub(super) fn plan(
    project: &Project,
    request: &Request,
    existing: Option<&str>,
    names: &Names,
) -> Result<Target, Error> {
    let path = file(&request.name);
    let registered = project.manifest.tests();
    let ours = registered
        .iter()
        .find(|test| test.path.as_deref() == Some(path.as_str()));
    if ours.is_none() || (request.template == Template::New && existing.is_some()) {
        check_name(project, &request.name, &registered)?;
    }
    let edit = match ours {
        None => Some(Edit::AddTest {
            name: request.name.clone(),
            path: path.clone(),
        }),
        Some(test) if test.has_harness => Some(Edit::DisableHarness {
            name: test.name.clone(),
        }),
        Some(_) => None,
    };
    let text = render(project, request, names);
    let note = existing.filter(|existing| *existing != text);
    let note = note.map(|_| format!("`{path}` exists and stays as it is"));
    let file = existing.is_none().then(|| FileChange {
        path: project.folder().join(&path),
        before: None,
        after: text,
        verb: "Creating",
        messages: vec![path.clone()],
    });
    let name = ours.map_or(&request.name, |test| &test.name).clone();
    Ok(Target {
        name,
        edit,
        file,
        note,
    })
}

fn check_name(project: &Project, name: &str, registered: &[Registered]) -> Result<(), Error> {
    let shown = |path: &Path| {
        let path = path.strip_prefix(project.folder()).unwrap_or(path);
        path.display().to_string()
    };
    let taken = project.tests.iter().find(|(taken, _)| taken == name);
    let taken = taken.map(|(_, path)| shown(path));
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

fn render(project: &Project, request: &Request, names: &Names) -> String {
    let library = project.library.as_ref();
    let module = library.and_then(|library| Some((library, library.modules.first()?)));
    let module = module.map(|(library, module)| format!("{}::{}", library.name, module.item));
    let values = [
        ("crate", names.krate.as_str()),
        ("pyo3", &names.pyo3),
        ("runtime", names.runtime.module()),
        ("sleep", &names.sleep),
        ("name", &target_name::identifier(&request.name)),
        ("module", module.as_deref().unwrap_or("my_crate::my_module")),
    ];
    let main = pyo3_aio_templates::render(pyo3_aio_templates::MAIN, &values);
    let template = match request.template {
        Template::Example => pyo3_aio_templates::EXAMPLE,
        Template::New => pyo3_aio_templates::NEW,
    };
    let with_main: Vec<_> = values
        .into_iter()
        .chain([("main", main.trim_end())])
        .collect();
    pyo3_aio_templates::render(template, &with_main)
}
