//! A dependency that gets another name and another source, at its old position.

use toml_edit::{DocumentMut, InlineTable, Item, Key, Table, TableLike, Value};

use super::dependency::shortest;
use super::document::{find_dependency, replace_keeping_decor};
use crate::project::manifest::{DependencyLocation, ORIGIN_KEYS};

/// Renames the dependency, gives it the keys, and drops features.
pub(super) fn rename(
    document: &mut DocumentMut,
    location: &DependencyLocation,
    key: &str,
    keys: &InlineTable,
    dropped_features: &[String],
) {
    if let Some(item) = find_dependency(document, location) {
        set_origin(item, keys, dropped_features);
    }
    if location.key != key {
        rename_key(document, location, key);
        rename_in_features(document, &location.key, key);
    }
}

fn set_origin(item: &mut Item, keys: &InlineTable, dropped_features: &[String]) {
    if let Some(table) = item.as_table_like_mut() {
        drop_features(table, dropped_features);
    }
    let inline = item.as_inline_table().cloned();
    if item.is_str() || inline.is_some() {
        let mut fresh = keys.clone();
        for (key, value) in inline
            .iter()
            .flatten()
            .filter(|(key, _)| is_independent_of_source(key))
        {
            fresh.insert(key, value.clone());
        }
        return replace_keeping_decor(item, shortest(&fresh));
    }
    if let Some(table) = item.as_table_like_mut() {
        for key in ORIGIN_KEYS
            .iter()
            .filter(|key| !is_independent_of_source(key) && !keys.contains_key(key))
        {
            table.remove(key);
        }
        for (key, value) in keys {
            table.insert(key, Item::Value(value.clone()));
        }
    }
}

/// Whether a key is about anything but the source of the package.
fn is_independent_of_source(key: &str) -> bool {
    key == "default-features" || !ORIGIN_KEYS.contains(&key)
}

fn drop_features(table: &mut dyn TableLike, dropped_features: &[String]) {
    if let Some(features) = table.get_mut("features").and_then(Item::as_array_mut) {
        features.retain(|feature| {
            !dropped_features
                .iter()
                .any(|name| feature.as_str() == Some(name))
        });
    }
}

fn rename_key(document: &mut DocumentMut, location: &DependencyLocation, new: &str) {
    let tables: Option<&mut Item> = match &location.target {
        None => document.get_mut(&location.table),
        Some(target) => document
            .get_mut("target")
            .and_then(|targets| targets.get_mut(target))
            .and_then(|tables| tables.get_mut(&location.table)),
    };
    match tables {
        Some(Item::Table(table)) => rename_in_table(table, &location.key, new),
        Some(Item::Value(Value::InlineTable(table))) => rename_in_inline(table, &location.key, new),
        _ => {}
    }
}

/// Removes the entries from the old key on and inserts them again, as a new key goes to the end.
fn rename_in_table(table: &mut Table, old: &str, new: &str) {
    let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
    for key in keys.iter().skip_while(|key| *key != old) {
        if let Some((formatted, item)) = table.remove_entry(key) {
            let formatted = if key == old {
                renamed(&formatted, new)
            } else {
                formatted
            };
            table.insert_formatted(&formatted, item);
        }
    }
}

fn rename_in_inline(table: &mut InlineTable, old: &str, new: &str) {
    let keys: Vec<String> = table.iter().map(|(key, _)| key.to_owned()).collect();
    for key in keys.iter().skip_while(|key| *key != old) {
        if let Some((formatted, value)) = table.remove_entry(key) {
            let formatted = if key == old {
                renamed(&formatted, new)
            } else {
                formatted
            };
            table.insert_formatted(&formatted, value);
        }
    }
}

fn renamed(old: &Key, new: &str) -> Key {
    Key::new(new)
        .with_leaf_decor(old.leaf_decor().clone())
        .with_dotted_decor(old.dotted_decor().clone())
}

/// `[features]` may name the dependency, as in `dep:name` and `name?/feature`.
fn rename_in_features(document: &mut DocumentMut, old: &str, new: &str) {
    let Some(features) = document
        .get_mut("features")
        .and_then(Item::as_table_like_mut)
    else {
        return;
    };
    for (_, item) in features.iter_mut() {
        for value in item
            .as_array_mut()
            .into_iter()
            .flat_map(|array| array.iter_mut())
        {
            let text = value.as_str().unwrap_or_default();
            let (prefix, name) = match text.strip_prefix("dep:") {
                Some(name) => ("dep:", name),
                None => ("", text),
            };
            let rest = name
                .strip_prefix(old)
                .filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
            if let Some(rest) = rest {
                let decor = value.decor().clone();
                *value = format!("{prefix}{new}{rest}").into();
                *value.decor_mut() = decor;
            }
        }
    }
}
