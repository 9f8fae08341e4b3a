//! The `[[test]]` entries of a manifest.

use toml_edit::{DocumentMut, Item, TableLike, Value};

/// An entry of a test target.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TestEntry {
    /// Its name.
    pub(crate) name: String,
    /// Its file, relative to the manifest; if it is missing, cargo derives it from the name.
    pub(crate) path: Option<String>,
    /// Whether libtest's harness is linked in.
    pub(crate) has_harness: bool,
    /// Whether it has the keys that `init` writes, and no others.
    pub(crate) is_as_written: bool,
}

impl TestEntry {
    fn read(test: &dyn TableLike) -> Option<Self> {
        let path = test.get("path").and_then(Item::as_str);
        let has_harness = test.get("harness").and_then(Item::as_bool) != Some(false);
        Some(Self {
            is_as_written: !has_harness && path.is_some() && test.iter().count() == 3,
            name: test.get("name").and_then(Item::as_str)?.to_owned(),
            path: path.map(|path| path.trim_start_matches("./").to_owned()),
            has_harness,
        })
    }
}

/// Reads all entries, be they tables or an array of inline tables.
pub(super) fn all(document: &DocumentMut) -> Vec<TestEntry> {
    let Some(tests) = document.get("test") else {
        return Vec::new();
    };
    if let Some(tests) = tests.as_array_of_tables() {
        return tests
            .iter()
            .filter_map(|test| TestEntry::read(test))
            .collect();
    }
    let tests = tests.as_array().into_iter().flatten();
    let tests = tests.filter_map(Value::as_inline_table);
    tests.filter_map(|test| TestEntry::read(test)).collect()
}
