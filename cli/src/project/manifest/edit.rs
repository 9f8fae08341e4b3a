//! The changes that can be made to a manifest.

use std::fmt;

use toml_edit::{
    Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value, value,
};

use super::array;
use super::declared::Place;
use super::library;
use super::migrate;

/// A change of a manifest.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// Adds a dev-dependency.
    AddDependency {
        /// Its name.
        key: String,
        /// Where it comes from, for the status line.
        origin: String,
        /// What it says.
        keys: InlineTable,
    },
    /// Adds features to a dependency.
    AddFeatures {
        /// Where it stands.
        place: Place,
        /// What it lacks.
        features: Vec<String>,
    },
    /// Registers a test target without libtest's harness.
    AddTest {
        /// Its name.
        name: String,
        /// Its file, seen from the manifest.
        path: String,
    },
    /// Sets `harness = false` for a test target that is registered.
    DisableHarness {
        /// Its name.
        name: String,
    },
    /// Removes a feature from a dependency.
    RemoveFeature {
        /// Where it stands.
        place: Place,
        /// The feature.
        feature: String,
    },
    /// Puts another package in the place of one.
    Migrate {
        /// Where it stands.
        place: Place,
        /// Its new name.
        key: String,
        /// Where the other package comes from.
        keys: InlineTable,
        /// The features that it goes without.
        dropped: Vec<String>,
    },
    /// Makes the library one that tests can be linked with.
    AddRlib,
    /// Sets `harness = false` for the library's own tests.
    DisableLibraryHarness,
    /// Has `cargo test` build the library's own tests.
    TestLibrary,
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddDependency { key, origin, keys } => {
                write!(f, "{key} ({origin}) to dev-dependencies")?;
                let features = keys.get("features").and_then(Value::as_array);
                let names = features.into_iter().flatten().filter_map(Value::as_str);
                write_features(f, &names.collect::<Vec<_>>())
            }
            Self::AddFeatures { place, features } => {
                write!(f, "{} in {}", place.key, place.table)?;
                write_features(f, features)
            }
            Self::AddTest { name, path } => write!(f, "test target {name} ({path})"),
            Self::DisableHarness { name } => {
                write!(
                    f,
                    "test target {name}: harness = false, the tests bring their own"
                )
            }
            Self::RemoveFeature { place, feature } => {
                write!(
                    f,
                    "{} in {} without feature {feature}",
                    place.key, place.table
                )
            }
            Self::Migrate { place, .. } => {
                write!(f, "{} to package pyo3-aio in {}", place.key, place.table)
            }
            Self::AddRlib => write!(
                f,
                "crate-type: rlib added, so that tests can use the library"
            ),
            Self::DisableLibraryHarness => {
                write!(f, "library: harness = false, its tests bring their own")
            }
            Self::TestLibrary => write!(f, "library: test = true, so that `cargo test` runs it"),
        }
    }
}

fn write_features(f: &mut fmt::Formatter<'_>, features: &[impl AsRef<str>]) -> fmt::Result {
    let names: Vec<&str> = features.iter().map(AsRef::as_ref).collect();
    match names.len() {
        0 => Ok(()),
        1 => write!(f, " with feature {}", names[0]),
        _ => write!(f, " with features {}", names.join(", ")),
    }
}

impl Edit {
    /// The verb of its status line.
    pub(crate) fn verb(&self) -> &'static str {
        match self {
            Self::AddDependency { .. } | Self::AddTest { .. } => "Adding",
            Self::AddFeatures { .. } | Self::DisableLibraryHarness | Self::TestLibrary => {
                "Updating"
            }
            Self::Migrate { .. } => "Migrating",
            Self::DisableHarness { .. } | Self::RemoveFeature { .. } | Self::AddRlib => "Repairing",
        }
    }
}

/// Makes the change.
pub(crate) fn apply(document: &mut DocumentMut, edit: &Edit) {
    match edit {
        Edit::AddDependency { key, keys, .. } => add_dependency(document, key, keys),
        Edit::AddFeatures { place, features } => add_features(document, place, features),
        Edit::AddTest { name, path } => add_test(document, name, path),
        Edit::DisableHarness { name } => disable_harness(document, name),
        Edit::RemoveFeature { place, feature } => remove_feature(document, place, feature),
        Edit::Migrate {
            place,
            key,
            keys,
            dropped,
        } => {
            migrate::apply(document, place, key, keys, dropped);
        }
        Edit::AddRlib => library::add_rlib(document),
        Edit::DisableLibraryHarness => library::set(document, "harness", false),
        Edit::TestLibrary => library::set(document, "test", true),
    }
}

fn add_dependency(document: &mut DocumentMut, key: &str, keys: &InlineTable) {
    let is_old = document.contains_key("dev_dependencies");
    let name = if is_old {
        "dev_dependencies"
    } else {
        "dev-dependencies"
    };
    if !document.contains_key(name) {
        let mut table = Table::new();
        take_trailing(document, &mut table);
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

/// A version alone is written as a string.
fn shortest(keys: &InlineTable) -> Value {
    match (keys.len(), keys.get("version")) {
        (1, Some(version)) => version.clone(),
        _ => keys.clone().into(),
    }
}

/// A comment at the end of the file stays where it is, before what is added.
fn take_trailing(document: &mut DocumentMut, table: &mut Table) {
    let trailing = document.trailing().as_str().unwrap_or_default().to_owned();
    if !trailing.trim().is_empty() {
        document.set_trailing("");
        table
            .decor_mut()
            .set_prefix(format!("{}\n\n", trailing.trim_end()));
    }
}

fn add_features(document: &mut DocumentMut, place: &Place, features: &[String]) {
    let Some(item) = find_mut(document, place) else {
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

fn remove_feature(document: &mut DocumentMut, place: &Place, feature: &str) {
    let Some(table) = find_mut(document, place).and_then(Item::as_table_like_mut) else {
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

pub(super) fn replace_keeping_decor(item: &mut Item, new: Value) {
    let decor = item.as_value().map(|old| old.decor().clone());
    let mut new = new;
    if let Some(decor) = decor {
        *new.decor_mut() = decor;
    }
    *item = Item::Value(new);
}

pub(super) fn find_mut<'a>(document: &'a mut DocumentMut, place: &Place) -> Option<&'a mut Item> {
    let tables: &mut dyn TableLike = match &place.target {
        None => document.as_table_mut(),
        Some(target) => {
            let targets = document.get_mut("target")?.as_table_like_mut()?;
            targets.get_mut(target)?.as_table_like_mut()?
        }
    };
    tables
        .get_mut(&place.table)?
        .as_table_like_mut()?
        .get_mut(&place.key)
}

fn add_test(document: &mut DocumentMut, name: &str, path: &str) {
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
        take_trailing(document, &mut table);
        document.insert("test", Item::ArrayOfTables(ArrayOfTables::new()));
    }
    if let Some(tests) = document
        .get_mut("test")
        .and_then(Item::as_array_of_tables_mut)
    {
        tests.push(table);
    }
}

fn disable_harness(document: &mut DocumentMut, name: &str) {
    let Some(tests) = document.get_mut("test") else {
        return;
    };
    let is_meant = |test: &dyn TableLike| test.get("name").and_then(Item::as_str) == Some(name);
    if let Some(tests) = tests.as_array_of_tables_mut() {
        for test in tests.iter_mut().filter(|test| is_meant(*test)) {
            set_harness(test);
        }
    } else if let Some(tests) = tests.as_array_mut() {
        for test in tests.iter_mut().filter_map(Value::as_inline_table_mut) {
            if is_meant(test) {
                set_harness(test);
            }
        }
    }
}

fn set_harness(test: &mut dyn TableLike) {
    set(test, "harness", false);
}

/// Sets a key, in its place if it is there.
pub(super) fn set(table: &mut dyn TableLike, key: &str, to: bool) {
    match table.get_mut(key) {
        Some(item) => replace_keeping_decor(item, to.into()),
        None => {
            table.insert(key, value(to));
        }
    }
}
