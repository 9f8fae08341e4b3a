//! Dependencies that are added, and features that come and go.

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value, value};

use super::array;
use super::document::{
    divide_trailing_comments, find_dependency, replace_keeping_decor, restore_trailing_comments,
};
use crate::project::manifest::DependencyLocation;

/// Adds a dev-dependency. A table whose keys are sorted stays sorted.
pub(super) fn add(document: &mut DocumentMut, key: &str, keys: &InlineTable) {
    let is_old = document.contains_key("dev_dependencies");
    let name = if is_old {
        "dev_dependencies"
    } else {
        "dev-dependencies"
    };
    if !document.contains_key(name) {
        let mut table = Table::new();
        divide_trailing_comments(document, &mut table);
        document.insert(name, Item::Table(table));
    }
    let Some(table) = document.get_mut(name).and_then(Item::as_table_like_mut) else {
        return;
    };
    let was_sorted = table.iter().map(|(key, _)| key).is_sorted();
    table.insert(key, value(shortest(keys)));
    if was_sorted {
        table.sort_values();
    }
}

/// Returns the keys as a string if there is a version alone, else as an inline table.
pub(super) fn shortest(keys: &InlineTable) -> Value {
    match (keys.len(), keys.get("version")) {
        (1, Some(version)) => version.clone(),
        _ => keys.clone().into(),
    }
}

/// Adds features to a dependency. One that is a version alone becomes an inline table.
pub(super) fn add_features(
    document: &mut DocumentMut,
    location: &DependencyLocation,
    features: &[String],
) {
    let Some(item) = find_dependency(document, location) else {
        return;
    };
    if let Some(version) = item.as_str() {
        let mut keys = InlineTable::new();
        keys.insert("version", version.into());
        replace_keeping_decor(item, keys.into());
    }
    let Some(table) = item.as_table_like_mut() else {
        return;
    };
    let known = table
        .entry("features")
        .or_insert_with(|| value(Array::new()));
    if let Some(known) = known.as_array_mut() {
        features
            .iter()
            .for_each(|feature| array::push(known, feature.as_str()));
    }
}

/// Removes a feature from a dependency, and the key `features` with the last one.
pub(super) fn remove_feature(
    document: &mut DocumentMut,
    location: &DependencyLocation,
    feature: &str,
) {
    let Some(table) = find_dependency(document, location).and_then(Item::as_table_like_mut) else {
        return;
    };
    let Some(features) = table.get_mut("features").and_then(Item::as_array_mut) else {
        return;
    };
    array::remove(features, feature);
    if features.is_empty() {
        let blanks = features.decor().suffix().cloned();
        table.remove("features");
        let last = table
            .iter_mut()
            .last()
            .and_then(|(_, item)| item.as_value_mut());
        if let (Some(last), Some(blanks)) = (last, blanks) {
            last.decor_mut().set_suffix(blanks);
        }
    }
}

/// Removes an entry from a feature of the package.
pub(super) fn remove_feature_entry(document: &mut DocumentMut, name: &str, entry: &str) {
    let features = document
        .get_mut("features")
        .and_then(Item::as_table_like_mut);
    let feature = features.and_then(|features| features.get_mut(name)?.as_array_mut());
    if let Some(feature) = feature {
        array::remove(feature, entry);
    }
}

/// Removes a dependency, and its table with the last one.
pub(super) fn remove(document: &mut DocumentMut, location: &DependencyLocation) {
    let Some(item) = document.get_mut(&location.table) else {
        return;
    };
    let Some(table) = item.as_table_like_mut() else {
        return;
    };
    table.remove(&location.key);
    let is_empty = table.is_empty();
    let has_tables_only = table.iter().all(|(_, item)| item.is_table());
    if let Some(table) = item.as_table_mut() {
        // The header of a table that has nothing but tables was not there.
        table.set_implicit(has_tables_only);
    }
    if is_empty {
        if let Some(Item::Table(table)) = document.remove(&location.table) {
            restore_trailing_comments(document, &table);
        }
    }
}
