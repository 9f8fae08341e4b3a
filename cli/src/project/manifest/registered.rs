//! The `[[test]]` entries and the `[lib]` of a manifest.

use toml_edit::{DocumentMut, Item, TableLike, Value};

/// A test target that the manifest names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Registered {
    /// Its name.
    pub(crate) name: String,
    /// Its file, seen from the manifest; cargo guesses it if it is missing.
    pub(crate) path: Option<String>,
    /// Whether libtest's harness is linked in.
    pub(crate) has_harness: bool,
}

impl Registered {
    fn read(test: &dyn TableLike) -> Option<Self> {
        let path = test.get("path").and_then(Item::as_str);
        Some(Self {
            name: test.get("name").and_then(Item::as_str)?.to_owned(),
            path: path.map(|path| path.trim_start_matches("./").to_owned()),
            has_harness: test.get("harness").and_then(Item::as_bool) != Some(false),
        })
    }
}

/// What the manifest says of the library's own tests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct LibrarySection {
    /// Whether libtest's harness is linked in.
    pub(crate) has_harness: bool,
    /// Whether `cargo test` builds them.
    pub(crate) is_tested: bool,
}

impl LibrarySection {
    /// Without a `[lib]` cargo tests the library, with libtest.
    pub(super) fn read(document: &DocumentMut) -> Self {
        let lib = document.get("lib").and_then(Item::as_table_like);
        let is_on = |key| lib.and_then(|lib| lib.get(key)?.as_bool()) != Some(false);
        Self {
            has_harness: is_on("harness"),
            is_tested: is_on("test"),
        }
    }
}

/// All entries, be they tables or an array of inline tables.
pub(super) fn all(document: &DocumentMut) -> Vec<Registered> {
    let Some(tests) = document.get("test") else {
        return Vec::new();
    };
    if let Some(tests) = tests.as_array_of_tables() {
        return tests
            .iter()
            .filter_map(|test| Registered::read(test))
            .collect();
    }
    let tests = tests.as_array().into_iter().flatten();
    let tests = tests.filter_map(Value::as_inline_table);
    tests.filter_map(|test| Registered::read(test)).collect()
}
