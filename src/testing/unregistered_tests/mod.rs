//! Finds functions with plain `#[test]` in a target with `testing::main!`, which rustc drops without a warning.
//!
//! The user is somebody who adds `main!` to a library or test target that has `#[test]` functions: with `harness = false`
//! rustc removes them, and the run would pass without them. The binary does not contain them, so the source is read, if it is
//! there: the file of the target and those of its modules. Functions behind conditions, in the arguments of macros, or with
//! a `#[test]` that may be imported are not counted, since one file alone does not show whether they are lost.

mod lexer;
mod scan;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_async::{__private::is_worker, Arguments, FormatSetting, capture};

use self::scan::ScannedFile;
use crate::testing::source_file;
use crate::testing::source_file::SourceFile;

/// Set by cargo-nextest, which runs each test in a process of its own: the note would be repeated for each.
const NEXTEST: &str = "NEXTEST";

/// Prints notes about the unregistered tests of a target when it is dropped, at the end of the run.
#[derive(Debug)]
pub(super) struct UnregisteredTests(Option<PathBuf>);

impl UnregisteredTests {
    /// Takes the file that contains `main!`. Prints nothing in machines' formats, and nothing in worker processes.
    pub(super) fn report_on_drop(main_file: &SourceFile, arguments: &Arguments) -> Self {
        let is_for_people = is_for_people(arguments);
        let is_one_of_many = is_worker() || env::var_os(NEXTEST).is_some();
        let is_printed = is_for_people && !is_one_of_many;
        let file = is_printed.then(|| source_file::find(main_file.file, &main_file.manifest_dir()));
        Self(file.flatten())
    }
}

impl Drop for UnregisteredTests {
    fn drop(&mut self) {
        let file = self.0.take();
        let notes = file.map(|file| notes(&file)).unwrap_or_default();
        for note in notes {
            capture::Context::default().print(format!("note: {note}\n").as_bytes());
        }
    }
}

fn is_for_people(arguments: &Arguments) -> bool {
    let is_for_machines = matches!(
        arguments.format,
        Some(FormatSetting::Json | FormatSetting::Junit)
    );
    !arguments.list && !is_for_machines
}

/// Reads the file and those of its modules, and returns a note for each kind of unregistered test in each file.
fn notes(root: &Path) -> Vec<String> {
    let files = read(root);
    // `use super::*` brings the imports of one file into another.
    let has_imported_test = files.iter().any(|(_, found)| found.imports_test);
    let unregistered = |(path, found): &(PathBuf, ScannedFile)| {
        let plain = if has_imported_test { 0 } else { found.plain };
        let shown = path.strip_prefix(env::current_dir().unwrap_or_default());
        let shown = shown.unwrap_or(path).display().to_string();
        [
            plain_note(&shown, plain),
            cases_note(&shown, found.below_cases),
        ]
    };
    files.iter().flat_map(unregistered).flatten().collect()
}

/// Scans the root file and the files of its modules.
fn read(root: &Path) -> Vec<(PathBuf, ScannedFile)> {
    let folder = root.parent().unwrap_or(Path::new("")).to_owned();
    let mut todo = vec![(root.to_owned(), folder)];
    let mut files: Vec<(PathBuf, ScannedFile)> = Vec::new();
    while let Some((path, folder)) = todo.pop() {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        // Most files have no test, and the lexer is slow in an unoptimised build.
        if !text.contains("#[test") && !text.contains("mod ") {
            continue;
        }
        let found = scan::scan(&text);
        for name in found.modules.iter().rev() {
            todo.push((folder.join(name).join("mod.rs"), folder.join(name)));
            todo.push((folder.join(format!("{name}.rs")), folder.join(name)));
        }
        files.push((path, found));
    }
    files
}

fn plain_note(file: &str, count: usize) -> Option<String> {
    let unregistered = functions(count, "with #[test]")?;
    Some(format!("{file} has {unregistered}: use {}", attribute()))
}

fn cases_note(file: &str, count: usize) -> Option<String> {
    let unregistered = functions(count, "without async below #[test_case]")?;
    Some(format!(
        "{file} has {unregistered}: put {} on top",
        attribute()
    ))
}

fn functions(count: usize, which: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 function {which}, which does not run here")),
        _ => Some(format!("{count} functions {which}, which do not run here")),
    }
}

/// Returns the attribute that registers a function as a test.
fn attribute() -> &'static str {
    if cfg!(feature = "tokio-runtime") {
        "#[pyo3_aio::tokio::test]"
    } else if cfg!(feature = "async-std-runtime") {
        "#[pyo3_aio::async_std::test]"
    } else {
        "#[pyo3_aio::smol::test]"
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn notes_on(files: &[(&str, &str)], name: &str) -> Vec<String> {
        let folder = env::temp_dir().join(format!("lost-tests-{}-{name}", std::process::id()));
        for (name, text) in files {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("it is in the folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let shown = notes(&folder.join(files[0].0)).into_iter();
        let shown = shown.map(|note| note.replace(&format!("{}/", folder.display()), ""));
        let shown = shown.collect();
        fs::remove_dir_all(folder).expect("the folder is there");
        shown
    }

    #[test]
    fn each_file_of_a_target_has_its_notes() {
        let files = [
            ("main.rs", "mod a; mod b; mod absent; #[test] fn t() {}"),
            ("a.rs", "mod below; #[test] fn t() {} #[test] fn u() {}"),
            ("a/below.rs", "#[test_case(1)] fn t(a: u8) {}"),
            ("b/mod.rs", "mod beside;"),
            ("b/beside.rs", "#[test] fn t() {}"),
            ("orphan.rs", "#[test] fn t() {}"),
        ];
        let attribute = attribute();
        let unregistered = |what: &str, cure: &str| format!("{what} here: {cure}");
        let cure = format!("use {attribute}");
        let expected = [
            unregistered(
                "main.rs has 1 function with #[test], which does not run",
                &cure,
            ),
            unregistered("a.rs has 2 functions with #[test], which do not run", &cure),
            unregistered(
                "a/below.rs has 1 function without async below #[test_case], which does not run",
                &format!("put {attribute} on top"),
            ),
            unregistered(
                "b/beside.rs has 1 function with #[test], which does not run",
                &cure,
            ),
        ];
        assert_eq!(notes_on(&files, "each"), expected);
    }

    #[test]
    fn an_import_may_reach_other_files() {
        let files = [
            ("main.rs", "use pyo3_aio::tokio::test; mod a;"),
            ("a.rs", "use super::*; #[test] fn t() {}"),
        ];
        assert_eq!(notes_on(&files, "import"), [""; 0]);
    }

    #[test]
    fn machines_and_lists_get_no_notes() {
        for (line, expected) in [
            ("--quiet", true),
            ("--format terse", true),
            ("--format json -Z unstable-options", false),
            ("--format junit -Z unstable-options", false),
            ("--list", false),
        ] {
            let arguments =
                Arguments::parse(format!("suite {line}").split(' ')).expect("the line is right");
            assert_eq!(is_for_people(&arguments), expected, "{line}");
        }
    }
}
