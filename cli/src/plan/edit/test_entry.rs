//! `[[test]]` entries that are added or changed.

use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value, value};

use super::array;
use super::document::{divide_trailing_comments, restore_trailing_comments, set_bool};

/// Adds an entry, be the others tables or an array of inline tables.
pub(super) fn add(document: &mut DocumentMut, name: &str, path: &str) {
    let entries = [
        ("name", value(name)),
        ("path", value(path)),
        ("harness", value(false)),
    ];
    if let Some(tests) = document.get_mut("test").and_then(Item::as_array_mut) {
        let mut table = InlineTable::new();
        for (key, item) in entries {
            table.extend(item.into_value().map(|value| (key, value)));
        }
        return array::push(tests, table);
    }
    let mut table = Table::new();
    table.extend(entries);
    if !document.contains_key("test") {
        divide_trailing_comments(document, &mut table);
        document.insert("test", Item::ArrayOfTables(ArrayOfTables::new()));
    }
    if let Some(tests) = document
        .get_mut("test")
        .and_then(Item::as_array_of_tables_mut)
    {
        tests.push(table);
    }
}

/// Sets `harness = false` in the entry of this name.
pub(super) fn disable_harness(document: &mut DocumentMut, name: &str) {
    let Some(tests) = document.get_mut("test") else {
        return;
    };
    let is_meant = |test: &dyn TableLike| test.get("name").and_then(Item::as_str) == Some(name);
    if let Some(tests) = tests.as_array_of_tables_mut() {
        for test in tests.iter_mut().filter(|test| is_meant(*test)) {
            set_bool(test, "harness", false);
        }
    } else if let Some(tests) = tests.as_array_mut() {
        for test in tests.iter_mut().filter_map(Value::as_inline_table_mut) {
            if is_meant(test) {
                set_bool(test, "harness", false);
            }
        }
    }
}

/// Removes the entry of this name.
pub(super) fn remove(document: &mut DocumentMut, name: &str) {
    let Some(tests) = document.get_mut("test") else {
        return;
    };
    let is_meant = |test: &dyn TableLike| test.get("name").and_then(Item::as_str) == Some(name);
    let mut removed = None;
    let mut is_empty = false;
    if let Some(tests) = tests.as_array_of_tables_mut() {
        let index = tests.iter().position(|test| is_meant(test));
        if let Some(index) = index {
            removed = tests.get(index).cloned();
            tests.remove(index);
        }
        is_empty = tests.is_empty();
    } else if let Some(tests) = tests.as_array_mut() {
        let is_meant = |test: &Value| test.as_inline_table().is_some_and(|test| is_meant(test));
        let index = tests.iter().position(is_meant);
        if let Some(index) = index {
            array::remove_at(tests, index);
        }
        is_empty = tests.is_empty();
    }
    if is_empty {
        document.remove("test");
    }
    if let Some(removed) = removed {
        restore_trailing_comments(document, &removed);
    }
}
