//! A dependency that the tests require, and the least change of the manifest that supplies it.

use toml_edit::{Array, InlineTable, Value};

use super::edit::Edit;
use crate::project::Project;
use crate::project::manifest::{Dependency, Section};
use crate::runtime::Runtime;

/// A dependency that the tests require.
#[derive(Debug)]
pub(super) struct Requirement<'a> {
    /// The package.
    pub(super) package: &'a str,
    /// The features.
    pub(super) features: &'a [&'a str],
    /// The source, if the dependency is new.
    pub(super) keys: InlineTable,
    /// Its source as the status line shows it.
    pub(super) origin: String,
}

impl Requirement<'static> {
    /// The runtime's own package.
    pub(super) fn runtime(runtime: Runtime) -> Self {
        Self::version(
            runtime.package(),
            runtime.version(),
            runtime.package_features(),
        )
    }

    /// A package from the registry.
    pub(super) fn version(
        package: &'static str,
        version: &str,
        features: &'static [&'static str],
    ) -> Self {
        let mut keys = InlineTable::new();
        keys.insert("version", version.into());
        Self {
            package,
            features,
            keys,
            origin: format!("v{version}"),
        }
    }
}

/// Adds the edit that is required, if any, and returns the name of the crate in the code.
pub(super) fn supply(
    project: &Project,
    required: &Requirement<'_>,
    edits: &mut Vec<Edit>,
) -> String {
    let declared = project.dependencies(required.package);
    let dev = declared.iter().find(|entry| entry.section == Section::Dev);
    let edit = match (dev, declared.first()) {
        (Some(dev), _) => more_features(dev, &missing(required, &declared)),
        (None, Some(normal)) => add_dev_dependency(normal, &missing(required, &declared)),
        (None, None) => return supply_new(project, required, edits),
    };
    edits.extend(edit);
    dev.or(declared.first())
        .map_or_else(String::new, Dependency::crate_name)
}

/// The features that tests do not get from what is declared.
fn missing(required: &Requirement<'_>, declared: &[Dependency]) -> Vec<String> {
    let is_certain = |entry: &&Dependency| {
        let is_certain = !entry.is_optional && entry.location.target.is_none();
        is_certain || entry.section == Section::Dev
    };
    let known: Vec<&String> = declared
        .iter()
        .filter(is_certain)
        .flat_map(|entry| &entry.features)
        .collect();
    let is_known = |feature: &str| {
        known
            .iter()
            .any(|known| *known == feature || *known == "full")
    };
    let missing = required
        .features
        .iter()
        .filter(|feature| !is_known(feature));
    missing.map(|feature| (*feature).to_owned()).collect()
}

fn more_features(dev: &Dependency, missing: &[String]) -> Option<Edit> {
    let location = dev.location.clone();
    let features = missing.to_vec();
    (!missing.is_empty()).then_some(Edit::AddFeatures { location, features })
}

/// Adds a dev-dependency beside an ordinary one, so that features for tests are not turned on in the released library.
/// Cargo requires the same name and the same source for both.
fn add_dev_dependency(normal: &Dependency, missing: &[String]) -> Option<Edit> {
    let is_certain = !normal.is_optional && normal.location.target.is_none();
    if is_certain && missing.is_empty() {
        return None;
    }
    let mut keys = InlineTable::new();
    keys.extend(normal.origin.iter().cloned());
    insert_features(&mut keys, missing);
    let origin = format!("as in {}", normal.location.table);
    Some(Edit::AddDependency {
        key: normal.location.key.clone(),
        origin,
        keys,
    })
}

fn supply_new(project: &Project, required: &Requirement<'_>, edits: &mut Vec<Edit>) -> String {
    let offer = project
        .workspace_dependencies
        .iter()
        .find(|offer| offer.package() == required.package);
    let edit = match offer {
        Some(offer) => {
            let mut keys = InlineTable::new();
            keys.insert("workspace", true.into());
            insert_features(&mut keys, &missing(required, std::slice::from_ref(offer)));
            let key = offer.location.key.clone();
            Edit::AddDependency {
                key,
                origin: "workspace".to_owned(),
                keys,
            }
        }
        None => {
            let mut keys = required.keys.clone();
            let features: Vec<String> = required.features.iter().map(|f| (*f).to_owned()).collect();
            insert_features(&mut keys, &features);
            let origin = required.origin.clone();
            Edit::AddDependency {
                key: required.package.to_owned(),
                origin,
                keys,
            }
        }
    };
    let name = offer.map_or_else(
        || required.package.replace('-', "_"),
        Dependency::crate_name,
    );
    edits.push(edit);
    name
}

fn insert_features(keys: &mut InlineTable, features: &[String]) {
    if !features.is_empty() {
        let features: Array = features.iter().map(String::as_str).collect();
        keys.insert("features", Value::Array(features));
    }
}
