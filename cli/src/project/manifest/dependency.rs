//! The dependencies that a manifest declares, in all of its tables.

use toml_edit::{DocumentMut, Item, TableLike};

/// The location of a dependency in the manifest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct DependencyLocation {
    /// The `cfg(..)` or the triple of `[target.'..'.dependencies]`.
    pub(crate) target: Option<String>,
    /// The name of the table, as it is spelled.
    pub(crate) table: String,
    /// The name of the dependency. The crate's name in the code has `_` for `-`.
    pub(crate) key: String,
}

/// The code that a dependency is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Section {
    /// The library and everything else.
    Normal,
    /// Tests, examples and benches.
    Dev,
    /// The build script.
    Build,
}

/// A dependency, as the manifest declares it.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    /// Its location.
    pub(crate) location: DependencyLocation,
    /// The code that it is for.
    pub(crate) section: Section,
    /// The keys that name the source of the package, such as `version` and `path`.
    pub(crate) origin: Vec<(String, toml_edit::Value)>,
    /// The package, if its name differs from the key.
    pub(crate) package: Option<String>,
    /// The requirement for the version.
    pub(crate) version: Option<String>,
    /// The features that it turns on.
    pub(crate) features: Vec<String>,
    /// The features that its own entry turns on, without those of the workspace's entry.
    pub(crate) own_features: Vec<String>,
    /// Whether it is a version or an inline table, with no other keys than those of its source and its features.
    pub(crate) is_plain: bool,
    /// Whether it is taken from the workspace.
    pub(crate) is_inherited: bool,
    /// Whether it is optional.
    pub(crate) is_optional: bool,
}

/// The keys that a second declaration of the same package must repeat.
pub(crate) const ORIGIN_KEYS: [&str; 10] = [
    "workspace",
    "version",
    "path",
    "git",
    "branch",
    "tag",
    "rev",
    "registry",
    "package",
    "default-features",
];

const SECTIONS: [(&str, Section); 5] = [
    ("dependencies", Section::Normal),
    ("dev-dependencies", Section::Dev),
    ("dev_dependencies", Section::Dev),
    ("build-dependencies", Section::Build),
    ("build_dependencies", Section::Build),
];

impl Dependency {
    /// The name of the package, if the workspace does not name another.
    pub(crate) fn package(&self) -> &str {
        self.package.as_deref().unwrap_or(&self.location.key)
    }

    /// The name of the crate in the code.
    pub(crate) fn crate_name(&self) -> String {
        self.location.key.replace('-', "_")
    }

    fn read(location: DependencyLocation, section: Section, item: &Item) -> Self {
        let text = |name| item.get(name).and_then(Item::as_str).map(str::to_owned);
        let is_true = |name| item.get(name).and_then(Item::as_bool) == Some(true);
        let features = item.get("features").and_then(Item::as_array);
        let features = features.into_iter().flatten();
        let features = features.filter_map(|name| name.as_str().map(str::to_owned));
        let features: Vec<String> = features.collect();
        let keys = item.as_table_like().into_iter().flat_map(TableLike::iter);
        let mut keys = keys.map(|(key, _)| key);
        Self {
            is_plain: item.is_value()
                && keys.all(|key| key == "features" || ORIGIN_KEYS.contains(&key)),
            own_features: features.clone(),
            location,
            section,
            origin: origin(item),
            package: text("package"),
            version: item.as_str().map(str::to_owned).or_else(|| text("version")),
            features,
            is_inherited: is_true("workspace"),
            is_optional: is_true("optional"),
        }
    }
}

fn origin(item: &Item) -> Vec<(String, toml_edit::Value)> {
    if let Some(version) = item.as_str() {
        return vec![("version".to_owned(), version.into())];
    }
    let value = |name: &&str| {
        let mut value = item.get(name)?.as_value()?.clone();
        value.decor_mut().clear();
        Some(((*name).to_owned(), value))
    };
    ORIGIN_KEYS.iter().filter_map(value).collect()
}

/// All dependencies of a package's manifest.
pub(super) fn all(document: &DocumentMut) -> Vec<Dependency> {
    let mut found = in_tables(document.as_table(), None);
    let targets = document.get("target").and_then(Item::as_table_like);
    for (target, tables) in targets.into_iter().flat_map(TableLike::iter) {
        if let Some(tables) = tables.as_table_like() {
            found.extend(in_tables(tables, Some(target)));
        }
    }
    found
}

/// All dependencies in `[workspace.dependencies]`.
pub(super) fn workspace(document: &DocumentMut) -> Vec<Dependency> {
    let workspace = document.get("workspace").and_then(Item::as_table_like);
    workspace.map_or_else(Vec::new, |workspace| in_tables(workspace, None))
}

fn in_tables(tables: &dyn TableLike, target: Option<&str>) -> Vec<Dependency> {
    let mut found = Vec::new();
    for (table, section) in SECTIONS {
        let entries = tables.get(table).and_then(Item::as_table_like);
        for (key, item) in entries.into_iter().flat_map(TableLike::iter) {
            let location = DependencyLocation {
                target: target.map(str::to_owned),
                table: table.to_owned(),
                key: key.to_owned(),
            };
            found.push(Dependency::read(location, section, item));
        }
    }
    found
}
