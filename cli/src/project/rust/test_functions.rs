//! Test functions: those that the harness of pyo3-aio runs, and those that only libtest would run.
//!
//! With `harness = false` rustc drops every `#[test]` without a word.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use super::attribute::Attribute;
use super::items::{Item, ItemKind, Items, ModuleId};
use super::tree::SourceTree;

/// Attributes that add `#[test]` to the function below them, unless another test attribute is there.
const ADDING: &[&str] = &[
    "gtest",
    "parameterized",
    "property_test",
    "proptest",
    "quickcheck",
    "rstest",
    "test_case",
    "test_matrix",
];

/// Attributes of test-case, which puts `#[test]` before all that stand below it on a function that is not async; the
/// compiler then drops the function.
const CASES: &[&str] = &["test_case", "test_matrix"];

/// The modules of pyo3-aio that have an attribute `test`.
const RUNTIMES: &[&str] = &["async_std", "smol", "tokio"];

/// The test functions of a crate.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct TestFunctions {
    /// Those with an attribute of pyo3-aio.
    pub(crate) own: Vec<TestLocation>,
    /// Those that never run without libtest.
    pub(crate) plain: Vec<TestLocation>,
    /// Those that run alone, and the calls of `with_serial` that make such tests.
    pub(crate) serial: Vec<TestLocation>,
}

/// The position of a test in the source.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TestLocation {
    /// The file.
    pub(crate) path: PathBuf,
    /// The line, from 1.
    pub(crate) line: usize,
    /// The function, and a hint in parentheses; `None` if a macro generates the name.
    pub(crate) name: Option<String>,
}

impl TestLocation {
    /// Formats the location for messages. `shown` shortens the path of the file.
    pub(crate) fn show(&self, shown: impl FnOnce(&Path) -> String) -> String {
        let name = self.name.as_deref().unwrap_or("made by a macro");
        format!("{}:{}: {name}", shown(&self.path), self.line)
    }
}

/// The harness that runs a function.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum TestKind {
    /// None: it is no test.
    Function,
    /// That of pyo3-aio.
    Own {
        /// Whether it has the argument `serial`.
        is_serial: bool,
    },
    /// libtest's.
    Plain,
    /// None, as test-case puts libtest's attribute before that of pyo3-aio.
    BelowCases,
}

/// A scope in which the paths of attributes are resolved.
#[derive(Clone, Copy)]
struct Scope<'a> {
    items: &'a Items,
    module: ModuleId,
    /// The names of pyo3-aio.
    crates: &'a [String],
}

impl SourceTree {
    /// Finds the test functions. `crates` are the names of pyo3-aio in the code.
    pub(crate) fn test_functions(&self, crates: &[String]) -> TestFunctions {
        let items = &self.items;
        let mut tests = TestFunctions::default();
        for item in &items.all {
            let scope = Scope {
                items,
                module: item.module,
                crates,
            };
            match item.kind {
                ItemKind::Function { is_async } => {
                    tests.add(item, kind(&item.attributes.all, is_async, scope));
                }
                ItemKind::SerialCall => tests.serial.push(location(item)),
                ItemKind::Module => {}
            }
        }
        tests
    }
}

impl TestFunctions {
    fn add(&mut self, item: &Item, kind: TestKind) {
        let mut location = location(item);
        match kind {
            TestKind::Own { is_serial } => {
                let serial = is_serial.then(|| location.clone());
                self.serial.extend(serial);
                self.own.push(location);
            }
            TestKind::Plain => self.plain.push(location),
            TestKind::BelowCases => {
                let name = location.name.unwrap_or_default();
                let hint = "its attribute belongs above `#[test_case]`";
                location.name = Some(format!("{name} ({hint})"));
                self.plain.push(location);
            }
            TestKind::Function => {}
        }
    }
}

fn location(item: &Item) -> TestLocation {
    TestLocation {
        path: item.file.clone(),
        line: item.line,
        name: item.name.clone(),
    }
}

/// Decides by all attributes of a function, in their order. Attributes that add a test of libtest's leave it out where
/// there is another test attribute; those of test-case do not.
fn kind(attributes: &[Attribute], is_async: bool, scope: Scope<'_>) -> TestKind {
    let kinds = attributes.iter().map(|attribute| scope.kind(attribute));
    let kinds: Vec<TestKind> = kinds.collect();
    let own = kinds
        .iter()
        .position(|kind| matches!(kind, TestKind::Own { .. }));
    match own {
        Some(own)
            if !is_async
                && attributes[..own]
                    .iter()
                    .any(|other| scope.makes_cases(other)) =>
        {
            TestKind::BelowCases
        }
        Some(own) => kinds[own],
        None if kinds.contains(&TestKind::Plain) => TestKind::Plain,
        None => TestKind::Function,
    }
}

impl Scope<'_> {
    fn kind(self, attribute: &Attribute) -> TestKind {
        let path = self.items.resolve(self.module, &attribute.path);
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        let is_own = match names.as_slice() {
            [first, .., "test"] => self.crates.iter().any(|name| name == first),
            ["test"] => self.imports_own_test(),
            _ => false,
        };
        if is_own {
            let is_serial = attribute.has_flag("serial");
            return TestKind::Own { is_serial };
        }
        match names.as_slice() {
            [.., "test" | "test_attr"] => {
                let nested = attribute.nested();
                let mut nested = nested.iter().map(|attribute| self.kind(attribute));
                let own = nested.find(|kind| matches!(kind, TestKind::Own { .. }));
                own.unwrap_or(TestKind::Plain)
            }
            // The `bench` of other crates belongs to harnesses of their own.
            ["bench"] => TestKind::Plain,
            [.., last] if ADDING.contains(last) => TestKind::Plain,
            _ => TestKind::Function,
        }
    }

    /// Whether `use pyo3_aio::tokio::*` or the like has `test` stand for the attribute of pyo3-aio.
    fn imports_own_test(self) -> bool {
        let globs = self.items.foreign_globs(self.module);
        globs.iter().any(|path| match path.as_slice() {
            [krate, runtime] => self.crates.contains(krate) && RUNTIMES.contains(&runtime.as_str()),
            _ => false,
        })
    }

    fn makes_cases(self, attribute: &Attribute) -> bool {
        let path = self.items.resolve(self.module, &attribute.path);
        path.last()
            .is_some_and(|last| CASES.contains(&last.as_str()))
    }
}
