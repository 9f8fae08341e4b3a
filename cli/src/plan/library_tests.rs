//! The setup of unit tests inside the library, which run under the harness of pyo3-aio instead of libtest's.

use super::changes::{FileChange, Steps};
use super::edit::Edit;
use super::error::Error;
use super::test_target::CodeNames;
use crate::project::rust::TestLocation;
use crate::project::{Library, Project};

/// Decides on the setup. `earlier` steps may have changed the root file already.
pub(super) fn plan(project: &Project, names: &CodeNames, earlier: &Steps) -> Result<Steps, Error> {
    let Some(library) = &project.library else {
        return Err(Error::NoLibrary(project.name.clone()));
    };
    if let Some(error) = library.source.root_error() {
        return Err(Error::Unparsable {
            path: project.shown(&library.path),
            reason: error.to_string(),
        });
    }
    let tests = library.source.test_functions(&project.library_crates());
    if !tests.plain.is_empty() {
        return Err(refuse(project, &tests.plain, names));
    }
    let mut steps = Steps::default();
    let section = project.manifest.library();
    if section.has_harness {
        steps.edits.push(Edit::DisableLibraryHarness);
    }
    if !section.is_tested {
        steps.edits.push(Edit::TestLibrary);
    }
    if !library.source.has_main() {
        steps.files.push(add_main(project, library, names, earlier));
    }
    if !steps.edits.is_empty() || !steps.files.is_empty() {
        let (krate, runtime) = (&names.krate, names.runtime.module());
        steps.notes.push(format!(
            "`#[{krate}::{runtime}::test]` functions of the library run with `cargo test --lib`"
        ));
    }
    Ok(steps)
}

fn refuse(project: &Project, plain: &[TestLocation], names: &CodeNames) -> Error {
    let tests = project.show_tests(plain).into_iter();
    Error::PlainTests {
        package: project.name.clone(),
        tests: tests.map(|test| format!("\n    {test}")).collect(),
        attribute: format!("#[{}::{}::test]", names.krate, names.runtime.module()),
    }
}

fn add_main(
    project: &Project,
    library: &Library,
    names: &CodeNames,
    earlier: &Steps,
) -> FileChange {
    let main = render(library, names);
    append_to_root(project, library, earlier, main, |path| {
        format!("{path}: `testing::main!` at its end, which runs its tests")
    })
}

/// Returns the items that `init` appends to the root file, each with what its removal means.
pub(super) fn items_at_end(library: &Library, names: &CodeNames) -> [(String, &'static str); 2] {
    let link =
        pyo3_aio_templates::render(pyo3_aio_templates::LINK, &[("crate", names.krate.as_str())]);
    [
        (
            render(library, names),
            "`testing::main!` at its end, which ran its tests",
        ),
        (link, "what linked its unit tests with Python"),
    ]
}

/// Appends an item to the root file of the library, which `earlier` steps may have changed.
pub(super) fn append_to_root(
    project: &Project,
    library: &Library,
    earlier: &Steps,
    item: String,
    status: impl FnOnce(&str) -> String,
) -> FileChange {
    let mut files = earlier.files.iter();
    let changed = files.find(|change| change.path == library.path);
    let before = library.source.text(&library.path).unwrap_or_default();
    let text = changed.map_or(before, |change| &change.after);
    let path = project.shown(&library.path);
    FileChange {
        path: library.path.clone(),
        before: Some(before.to_owned()),
        after: append(text, &item),
        status: vec![("Updating", status(&path))],
    }
}

fn render(library: &Library, names: &CodeNames) -> String {
    let modules = library.modules.iter();
    let modules = modules.filter_map(|module| module.root_path.as_deref());
    let modules: Vec<&str> = modules.collect();
    let modules = match modules.as_slice() {
        [] => String::new(),
        modules => format!("modules = [{}]", modules.join(", ")),
    };
    let values = [("crate", names.krate.as_str()), ("modules", &modules)];
    pyo3_aio_templates::render(pyo3_aio_templates::UNIT_TESTS, &values)
}

/// Appends an item after an empty line, with the line endings of the file.
fn append(source: &str, item: &str) -> String {
    let ending = if source.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let item = item.replace('\n', ending);
    match source.trim_end() {
        "" => item,
        source => format!("{source}{ending}{ending}{item}"),
    }
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn an_item_is_set_off_from_what_is_there() {
        assert_eq!(append("", "b\n"), "b\n");
        assert_eq!(append("a", "b\n"), "a\n\nb\n");
        assert_eq!(append("a\n", "b\n"), "a\n\nb\n");
        assert_eq!(append("a\r\nc\r\n", "b\n"), "a\r\nc\r\n\r\nb\r\n");
    }
}
