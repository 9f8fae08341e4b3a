//! The `[lib]` of a manifest.

use toml_edit::{DocumentMut, Item, Table};

use super::array;
use super::document::set_bool;

/// Sets a key of `[lib]`. A new `[lib]` is placed right after `[package]`.
pub(super) fn set(document: &mut DocumentMut, key: &str, to: bool) {
    if !document.contains_key("lib") {
        let mut table = Table::new();
        let package = document.get("package").and_then(Item::as_table);
        table.set_position(package.and_then(Table::position));
        document.insert("lib", Item::Table(table));
    }
    if let Some(lib) = document.get_mut("lib").and_then(Item::as_table_like_mut) {
        set_bool(lib, key, to);
    }
}

/// Makes the library one that Rust code can link.
pub(super) fn add_rlib(document: &mut DocumentMut) {
    let Some(lib) = document.get_mut("lib").and_then(Item::as_table_like_mut) else {
        return;
    };
    let key = if lib.contains_key("crate_type") {
        "crate_type"
    } else {
        "crate-type"
    };
    if let Some(types) = lib.get_mut(key).and_then(Item::as_array_mut) {
        array::push(types, "rlib");
    }
}

/// Removes a key from `[lib]`, and `[lib]` with the last one.
pub(super) fn remove(document: &mut DocumentMut, key: &str) {
    let Some(lib) = document.get_mut("lib").and_then(Item::as_table_like_mut) else {
        return;
    };
    lib.remove(key);
    if lib.is_empty() {
        document.remove("lib");
    }
}

/// Removes the crate type that [`add_rlib`] adds.
pub(super) fn remove_rlib(document: &mut DocumentMut) {
    let Some(lib) = document.get_mut("lib").and_then(Item::as_table_like_mut) else {
        return;
    };
    for key in ["crate-type", "crate_type"] {
        if let Some(types) = lib.get_mut(key).and_then(Item::as_array_mut) {
            array::remove(types, "rlib");
        }
    }
}
