//! The tests inside a library: those that this harness runs, and those that only libtest would.
//!
//! With `[lib] harness = false` rustc drops every `#[test]` without a word. So all module files of
//! the library are read, as tokens: comments and strings do not count, and what stands in the
//! arguments of a macro (`proptest! { #[test] .. }`) does.

mod attribute;
mod file;
mod imports;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Project;
use file::Module;

/// The tests of a library.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct UnitTests {
    /// Those with an attribute of pyo3-aio.
    pub(crate) own: Vec<Place>,
    /// Those that are lost without libtest.
    pub(crate) plain: Vec<Place>,
    /// Those that run alone, and the calls that make such tests.
    pub(crate) serial: Vec<Place>,
    /// Whether the root file has a main function for them.
    pub(crate) has_main: bool,
}

/// Where a test stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Place {
    /// The file.
    pub(crate) path: PathBuf,
    /// Its line, from 1.
    pub(crate) line: usize,
    /// The function, unless a macro makes it.
    pub(crate) name: Option<String>,
}

impl Place {
    /// Adds to the name of a test below `#[test_case]` how it would run.
    fn with_cure(mut self) -> Self {
        let name = self.name.unwrap_or_default();
        self.name = Some(format!(
            "{name} (its attribute belongs above `#[test_case]`)"
        ));
        self
    }
}

/// Reads the root file and the modules that it declares. `crates` are the names of pyo3-aio.
///
/// A file that is missing or cannot be read as tokens is passed over: rustc refuses it as well.
pub(crate) fn read(root: &Path, crates: &[String]) -> UnitTests {
    let mut tests = UnitTests::default();
    let mut seen = BTreeSet::new();
    let mut modules = vec![Module::root(root)];
    while let Some(module) = modules.pop() {
        let is_new = seen.insert(module.path.clone());
        let Some(text) = fs::read_to_string(&module.path).ok().filter(|_| is_new) else {
            continue;
        };
        let found = file::scan(&module, &text, crates);
        tests.has_main |= found.has_main && module.path == root;
        tests.own.extend(found.own);
        tests.plain.extend(found.plain);
        tests.serial.extend(found.serial);
        // The first is read next, so that tests come in the order of their modules.
        modules.extend(found.modules.into_iter().rev());
    }
    tests
}

/// Tests as people are shown them.
pub(crate) fn shown(project: &Project, places: &[Place]) -> Vec<String> {
    let shown = |place: &Place| {
        let path = project.shown(&place.path);
        let name = place.name.as_deref().unwrap_or("made by a macro");
        format!("{path}:{}: {name}", place.line)
    };
    places.iter().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Place, UnitTests, read};

    fn read_files(files: &[(&str, &str)]) -> (tempfile::TempDir, UnitTests) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let tests = read(&folder.path().join(files[0].0), &["pyo3_aio".to_owned()]);
        (folder, tests)
    }

    fn shown(folder: &Path, places: &[Place]) -> Vec<String> {
        let show = |place: &Place| {
            let path = place.path.strip_prefix(folder).unwrap().display();
            let name = place.name.as_deref().unwrap_or("?");
            format!("{path}:{}:{name}", place.line)
        };
        places.iter().map(show).collect()
    }

    #[test]
    fn modules_are_found_where_rustc_finds_them() {
        let test = |name: &str| format!("#[test]\nfn {name}() {{}}\n");
        let (folder, tests) = read_files(&[
            (
                "src/lib.rs",
                "mod a; mod b;\n#[path = \"else/where.rs\"] mod c;\nmod inline { mod d; }\nmod absent;",
            ),
            ("src/a.rs", &(test("a") + "mod below;")),
            ("src/a/below.rs", &test("below")),
            ("src/b/mod.rs", &(test("b") + "mod beside;")),
            ("src/b/beside.rs", &test("beside")),
            ("src/else/where.rs", &(test("c") + "mod here;")),
            ("src/else/here.rs", &test("here")),
            ("src/inline/d.rs", &test("d")),
            ("src/orphan.rs", &test("orphan")),
        ]);
        let expected = [
            "src/a.rs:2:a",
            "src/a/below.rs:2:below",
            "src/b/mod.rs:2:b",
            "src/b/beside.rs:2:beside",
            "src/else/where.rs:2:c",
            "src/else/here.rs:2:here",
            "src/inline/d.rs:2:d",
        ];
        assert_eq!(shown(folder.path(), &tests.plain), expected);
    }

    #[test]
    fn a_module_may_take_the_imports_of_the_file_above() {
        let test = "#[test] fn t() {}\n#[ptest] fn u() {}";
        let (_folder, tests) = read_files(&[
            (
                "lib.rs",
                "use pyo3_aio::tokio::test; use pyo3_aio::smol::test as ptest; mod a; mod b;",
            ),
            ("a.rs", &format!("use super::*; {test}")),
            ("b.rs", test),
        ]);
        assert_eq!((tests.own.len(), tests.plain.len()), (2, 1));
    }

    #[test]
    fn a_file_that_declares_itself_is_read_once() {
        let (_folder, tests) =
            read_files(&[("a.rs", "#[path = \"a.rs\"] mod a;\n#[test] fn t() {}")]);
        assert_eq!(tests.plain.len(), 1);
    }

    #[test]
    fn only_the_root_has_the_main_function() {
        let main = "pyo3_aio::testing::main!();";
        let (_folder, tests) = read_files(&[("lib.rs", "mod a;"), ("a.rs", main)]);
        assert!(!tests.has_main);
        let (_folder, tests) = read_files(&[("lib.rs", main)]);
        assert!(tests.has_main);
    }
}
