//! The changes that can be made to a manifest, in memory.

mod array;
mod dependency;
mod document;
mod library;
mod rename_dependency;
mod test_entry;

use std::fmt;

use toml_edit::{InlineTable, Item, Value};

use crate::project::manifest::{DependencyLocation, Manifest};

/// A change of a manifest.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    /// Adds a dev-dependency.
    AddDependency {
        /// Its name.
        key: String,
        /// Its source, for the status line.
        origin: String,
        /// The keys of the entry.
        keys: InlineTable,
    },
    /// Adds features to a dependency.
    AddFeatures {
        /// The location of the entry.
        location: DependencyLocation,
        /// The missing features.
        features: Vec<String>,
    },
    /// Registers a test target without libtest's harness.
    AddTest {
        /// Its name.
        name: String,
        /// Its file, relative to the manifest.
        path: String,
    },
    /// Sets `harness = false` for a test target that is registered.
    DisableHarness {
        /// Its name.
        name: String,
    },
    /// Removes a feature from a dependency.
    RemoveFeature {
        /// The location of the entry.
        location: DependencyLocation,
        /// The feature.
        feature: String,
    },
    /// Removes an entry from a feature of the package.
    RemoveFeatureEntry {
        /// The feature.
        name: String,
        /// The entry.
        entry: String,
    },
    /// Replaces a package by another one.
    Migrate {
        /// The location of the entry.
        location: DependencyLocation,
        /// Its new name.
        key: String,
        /// The source of the other package.
        keys: InlineTable,
        /// The features that it does not keep.
        dropped_features: Vec<String>,
    },
    /// Removes a dependency that `init` has added.
    RemoveDependency {
        /// The location of the entry.
        location: DependencyLocation,
    },
    /// Removes a test target that `init` has added.
    RemoveTest {
        /// Its name.
        name: String,
    },
    /// Removes `rlib` from the library's crate types.
    RemoveRlib,
    /// Gives libtest's harness back to the library's own tests.
    EnableLibraryHarness,
    /// Adds `rlib` to the library's crate types, so that tests can link it.
    AddRlib,
    /// Sets `harness = false` for the library's own tests.
    DisableLibraryHarness,
    /// Sets `resolver = "2"`, which keeps the features of dev-dependencies out of the released library.
    SetResolver {
        /// The table of the root's manifest that chooses the resolver.
        table: &'static str,
    },
    /// Sets `test = true`, so that `cargo test` builds the library's own tests.
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
            Self::AddFeatures { location, features } => {
                write!(f, "{} in {}", location.key, location.table)?;
                write_features(f, features)
            }
            Self::AddTest { name, path } => write!(f, "test target {name} ({path})"),
            Self::DisableHarness { name } => {
                write!(
                    f,
                    "test target {name}: harness = false, the tests bring their own"
                )
            }
            Self::RemoveFeature { location, feature } => {
                write!(
                    f,
                    "{} in {} without feature {feature}",
                    location.key, location.table
                )
            }
            Self::RemoveFeatureEntry { name, entry } => {
                write!(
                    f,
                    "feature {name} without {entry}, with which unit tests do not link"
                )
            }
            Self::Migrate { location, .. } => {
                write!(
                    f,
                    "{} to package pyo3-aio in {}",
                    location.key, location.table
                )
            }
            Self::RemoveDependency { location } => {
                write!(f, "{} from {}", location.key, location.table)
            }
            Self::RemoveTest { name } => write!(f, "test target {name}"),
            Self::RemoveRlib => write!(f, "crate-type: rlib, which was there for tests"),
            Self::EnableLibraryHarness => write!(f, "library: harness = false"),
            Self::AddRlib => write!(
                f,
                "crate-type: rlib added, so that tests can use the library"
            ),
            Self::DisableLibraryHarness => {
                write!(f, "library: harness = false, its tests bring their own")
            }
            Self::SetResolver { table } => write!(
                f,
                "resolver = \"2\" in {table}, so that the released library needs no libpython"
            ),
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
    /// Makes the change in a manifest that is held in memory.
    pub(crate) fn edit(&self, manifest: &mut Manifest) {
        let document = manifest.document_mut();
        match self {
            Self::AddDependency { key, keys, .. } => dependency::add(document, key, keys),
            Self::AddFeatures { location, features } => {
                dependency::add_features(document, location, features);
            }
            Self::AddTest { name, path } => test_entry::add(document, name, path),
            Self::DisableHarness { name } => test_entry::disable_harness(document, name),
            Self::RemoveFeature { location, feature } => {
                dependency::remove_feature(document, location, feature);
            }
            Self::RemoveFeatureEntry { name, entry } => {
                dependency::remove_feature_entry(document, name, entry);
            }
            Self::Migrate {
                location,
                key,
                keys,
                dropped_features,
            } => rename_dependency::rename(document, location, key, keys, dropped_features),
            Self::RemoveDependency { location } => dependency::remove(document, location),
            Self::RemoveTest { name } => test_entry::remove(document, name),
            Self::RemoveRlib => library::remove_rlib(document),
            Self::EnableLibraryHarness => library::remove(document, "harness"),
            Self::AddRlib => library::add_rlib(document),
            Self::DisableLibraryHarness => library::set(document, "harness", false),
            Self::SetResolver { table } => {
                if let Some(table) = document.get_mut(table).and_then(Item::as_table_like_mut) {
                    table.insert("resolver", toml_edit::value("2"));
                }
            }
            Self::TestLibrary => library::set(document, "test", true),
        }
    }

    /// The verb of its status line.
    pub(crate) fn verb(&self) -> &'static str {
        match self {
            Self::AddDependency { .. } | Self::AddTest { .. } => "Adding",
            Self::AddFeatures { .. } | Self::DisableLibraryHarness | Self::TestLibrary => {
                "Updating"
            }
            Self::Migrate { .. } => "Migrating",
            Self::RemoveDependency { .. }
            | Self::RemoveTest { .. }
            | Self::RemoveRlib
            | Self::EnableLibraryHarness => "Removing",
            Self::DisableHarness { .. }
            | Self::RemoveFeature { .. }
            | Self::RemoveFeatureEntry { .. }
            | Self::SetResolver { .. }
            | Self::AddRlib => "Repairing",
        }
    }
}
