//! Functions with `#[test]` beside `testing::main!`, which rustc drops without a word.
//!
//! Only the source says that they are there, so it is read, if it is there: the file of the target and those of its
//! modules. What cannot be known for sure from one file is not told: functions behind conditions, in the arguments of
//! macros, or with a `#[test]` that may be an imported one.

mod lexer;
mod scan;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_async::{__private::is_worker, Arguments, FormatSetting, capture};

use self::scan::Found;
use crate::testing::run::args::parse_args;
use crate::testing::source_file;
use crate::testing::source_file::Place;

/// Set by cargo-nextest, which has a process for each test and shows the output of some.
const NEXTEST: &str = "NEXTEST";

/// Tells of the functions of a target when it is dropped, at the end of the run.
#[derive(Debug)]
pub(super) struct Note(Option<PathBuf>);

impl Note {
    /// Takes the place of `main!`. Nothing is told to machines, and by no worker process.
    pub(super) fn at_end(place: &Place) -> Self {
        let is_for_people = is_for_people(&parse_args().harness);
        let is_one_of_many = is_worker() || env::var_os(NEXTEST).is_some();
        let is_told = is_for_people && !is_one_of_many;
        let file = is_told.then(|| source_file::find(place.file, &place.manifest_dir()));
        Self(file.flatten())
    }
}

impl Drop for Note {
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

/// Reads the file and those of its modules, and says what is lost in each.
fn notes(root: &Path) -> Vec<String> {
    let files = read(root);
    // `use super::*` takes the imports of one file to others.
    let has_imported_test = files.iter().any(|(_, found)| found.imports_test);
    let lost = |(path, found): &(PathBuf, Found)| {
        let plain = if has_imported_test { 0 } else { found.plain };
        let shown = path.strip_prefix(env::current_dir().unwrap_or_default());
        let shown = shown.unwrap_or(path).display().to_string();
        [
            plain_note(&shown, plain),
            cases_note(&shown, found.below_cases),
        ]
    };
    files.iter().flat_map(lost).flatten().collect()
}

/// Returns what is in the root file and in the files of its modules.
fn read(root: &Path) -> Vec<(PathBuf, Found)> {
    let folder = root.parent().unwrap_or(Path::new("")).to_owned();
    let mut todo = vec![(root.to_owned(), folder)];
    let mut files: Vec<(PathBuf, Found)> = Vec::new();
    while let Some((path, folder)) = todo.pop() {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        // Most files have none, and to look closer takes long in an unoptimised build.
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
    let lost = functions(count, "with #[test]")?;
    Some(format!("{file} has {lost}: use {}", attribute()))
}

fn cases_note(file: &str, count: usize) -> Option<String> {
    let lost = functions(count, "without async below #[test_case]")?;
    Some(format!("{file} has {lost}: put {} on top", attribute()))
}

fn functions(count: usize, which: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(format!("1 function {which}, which does not run here")),
        _ => Some(format!("{count} functions {which}, which do not run here")),
    }
}

/// The attribute that makes a test of a function here.
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
    fn each_file_of_a_target_is_told_of() {
        let files = [
            ("main.rs", "mod a; mod b; mod absent; #[test] fn t() {}"),
            ("a.rs", "mod below; #[test] fn t() {} #[test] fn u() {}"),
            ("a/below.rs", "#[test_case(1)] fn t(a: u8) {}"),
            ("b/mod.rs", "mod beside;"),
            ("b/beside.rs", "#[test] fn t() {}"),
            ("orphan.rs", "#[test] fn t() {}"),
        ];
        let attribute = attribute();
        let lost = |what: &str, cure: &str| format!("{what} here: {cure}");
        let cure = format!("use {attribute}");
        let expected = [
            lost(
                "main.rs has 1 function with #[test], which does not run",
                &cure,
            ),
            lost("a.rs has 2 functions with #[test], which do not run", &cure),
            lost(
                "a/below.rs has 1 function without async below #[test_case], which does not run",
                &format!("put {attribute} on top"),
            ),
            lost(
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
    fn machines_and_lists_are_told_nothing() {
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
