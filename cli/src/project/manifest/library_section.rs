//! The `[lib]` of a manifest, as far as it decides how the library's own tests run.

use toml_edit::{DocumentMut, Item, Value};

/// The keys of `[lib]` that decide how the library's own tests are built.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct LibrarySection {
    /// Whether libtest's harness is linked in.
    pub(crate) has_harness: bool,
    /// Whether `cargo test` builds them.
    pub(crate) is_tested: bool,
    /// Whether `rlib` is the last of several crate types, where `init` adds it.
    pub(crate) has_rlib_last: bool,
}

impl LibrarySection {
    /// Without a `[lib]` cargo tests the library, with libtest.
    pub(super) fn read(document: &DocumentMut) -> Self {
        let lib = document.get("lib").and_then(Item::as_table_like);
        let is_on = |key| lib.and_then(|lib| lib.get(key)?.as_bool()) != Some(false);
        let types = ["crate-type", "crate_type"]
            .into_iter()
            .find_map(|key| lib?.get(key)?.as_array());
        let types: Vec<&str> = types
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        Self {
            has_rlib_last: types.len() > 1 && types.last() == Some(&"rlib"),
            has_harness: is_on("harness"),
            is_tested: is_on("test"),
        }
    }
}
