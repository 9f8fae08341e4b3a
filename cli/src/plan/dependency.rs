//! What a package needs from another, and how it gets that with the least change.

use toml_edit::{Array, InlineTable, Value};

use crate::project::Project;
use crate::project::manifest::{Declared, Edit, Section};
use crate::runtime::Runtime;

/// A dependency that the tests need.
#[derive(Debug)]
pub(super) struct Need<'a> {
    /// The package.
    pub(super) package: &'a str,
    /// The features.
    pub(super) features: &'a [&'a str],
    /// Where it comes from if it is new.
    pub(super) keys: InlineTable,
    /// The same for people.
    pub(super) origin: String,
}

impl Need<'static> {
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

/// Where the package is declared for code or for tests, with what the workspace adds.
pub(super) fn declared(project: &Project, package: &str) -> Vec<Declared> {
    let declared = project.manifest.declared().into_iter();
    let declared = declared.map(|entry| inherit(entry, &project.offered));
    let is_wanted =
        |entry: &Declared| entry.section != Section::Build && entry.package() == package;
    declared.filter(is_wanted).collect()
}

/// The features of pyo3-aio that tests get; `None` without pyo3-aio.
pub(crate) fn library_features(project: &Project) -> Option<Vec<String>> {
    let declared = declared(project, "pyo3-aio");
    let mut features: Vec<String> = Vec::new();
    for feature in declared.iter().flat_map(|entry| &entry.features) {
        if !features.contains(feature) {
            features.push(feature.clone());
        }
    }
    (!declared.is_empty()).then_some(features)
}

/// The names that pyo3-aio has in the package's code, or will have.
pub(crate) fn library_crates(project: &Project) -> Vec<String> {
    let mut names = vec!["pyo3_aio".to_owned()];
    names.extend(
        declared(project, "pyo3-aio")
            .iter()
            .map(Declared::crate_name),
    );
    names
}

/// Whether what is shipped gets the feature `testing`, and with it a need for libpython.
pub(crate) fn ships_testing(project: &Project) -> bool {
    let declared = declared(project, "pyo3-aio");
    let mut shipped = declared
        .iter()
        .filter(|entry| entry.section == Section::Normal);
    shipped.any(|entry| entry.features.iter().any(|feature| feature == "testing"))
}

/// Whether tests ask for the feature `testing`, and cargo's resolver gives it to what is shipped.
pub(crate) fn leaks_testing(project: &Project) -> bool {
    let declared = declared(project, "pyo3-aio");
    let is_shipped = declared
        .iter()
        .any(|entry| entry.section == Section::Normal);
    let mut features = declared.iter().flat_map(|entry| &entry.features);
    project.resolver.unifies_dev_features
        && is_shipped
        && features.any(|feature| feature == "testing")
}

fn inherit(mut entry: Declared, offered: &[Declared]) -> Declared {
    let offer = offered
        .iter()
        .find(|offer| offer.place.key == entry.place.key);
    if let Some(offer) = offer.filter(|_| entry.is_inherited) {
        entry.package.clone_from(&offer.package);
        entry.version.clone_from(&offer.version);
        entry.features.extend(offer.features.iter().cloned());
    }
    entry
}

/// Adds the edit that is needed, if any, and tells the name of the crate in the code.
pub(super) fn supply(project: &Project, need: &Need<'_>, edits: &mut Vec<Edit>) -> String {
    let declared = declared(project, need.package);
    let dev = declared.iter().find(|entry| entry.section == Section::Dev);
    let edit = match (dev, declared.first()) {
        (Some(dev), _) => more_features(dev, &missing(need, &declared)),
        (None, Some(normal)) => twin(normal, &missing(need, &declared)),
        (None, None) => return supply_new(project, need, edits),
    };
    edits.extend(edit);
    dev.or(declared.first())
        .map_or_else(String::new, Declared::crate_name)
}

/// The features that tests do not get from what is declared.
fn missing(need: &Need<'_>, declared: &[Declared]) -> Vec<String> {
    let is_certain = |entry: &&Declared| {
        let is_certain = !entry.is_optional && entry.place.target.is_none();
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
    let missing = need.features.iter().filter(|feature| !is_known(feature));
    missing.map(|feature| (*feature).to_owned()).collect()
}

fn more_features(dev: &Declared, missing: &[String]) -> Option<Edit> {
    let place = dev.place.clone();
    let features = missing.to_vec();
    (!missing.is_empty()).then_some(Edit::AddFeatures { place, features })
}

/// A dev-dependency beside an ordinary one: what only tests need must not get into what is
/// shipped. Cargo wants the same name and the same origin for both.
fn twin(normal: &Declared, missing: &[String]) -> Option<Edit> {
    let is_certain = !normal.is_optional && normal.place.target.is_none();
    if is_certain && missing.is_empty() {
        return None;
    }
    let mut keys = InlineTable::new();
    keys.extend(normal.origin.iter().cloned());
    insert_features(&mut keys, missing);
    let origin = format!("as in {}", normal.place.table);
    Some(Edit::AddDependency {
        key: normal.place.key.clone(),
        origin,
        keys,
    })
}

fn supply_new(project: &Project, need: &Need<'_>, edits: &mut Vec<Edit>) -> String {
    let offer = project
        .offered
        .iter()
        .find(|offer| offer.package() == need.package);
    let edit = match offer {
        Some(offer) => {
            let mut keys = InlineTable::new();
            keys.insert("workspace", true.into());
            insert_features(&mut keys, &missing(need, std::slice::from_ref(offer)));
            let key = offer.place.key.clone();
            Edit::AddDependency {
                key,
                origin: "workspace".to_owned(),
                keys,
            }
        }
        None => {
            let mut keys = need.keys.clone();
            let features: Vec<String> = need.features.iter().map(|f| (*f).to_owned()).collect();
            insert_features(&mut keys, &features);
            let origin = need.origin.clone();
            Edit::AddDependency {
                key: need.package.to_owned(),
                origin,
                keys,
            }
        }
    };
    let name = offer.map_or_else(|| need.package.replace('-', "_"), Declared::crate_name);
    edits.push(edit);
    name
}

fn insert_features(keys: &mut InlineTable, features: &[String]) {
    if !features.is_empty() {
        let features: Array = features.iter().map(String::as_str).collect();
        keys.insert("features", Value::Array(features));
    }
}
