//! The `pyproject.toml` from which a package is built, which need not lie beside its Cargo.toml.

use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item};

use super::error::Error;
use super::manifest::Manifest;
use super::same_file::same_file;

const NAME: &str = "pyproject.toml";

/// The manifest of projects that have Rust beside Python, if pyproject.toml names none.
const CUSTOMARY: &str = "rust/Cargo.toml";

/// Finds the pyproject.toml beside a manifest, or else the one in a folder above that names the manifest.
pub(crate) fn find(manifest: &Manifest) -> Option<Manifest> {
    let beside = manifest.folder().join(NAME);
    if beside.is_file() {
        return Manifest::read(&beside).ok();
    }
    let mut folders = manifest.folder().ancestors().skip(1);
    let names_it = |folder: &&Path| {
        let named = manifest_named_in(folder);
        named.is_some_and(|named| same_file(&named, manifest.path()))
    };
    let folder = folders.find(names_it)?;
    Manifest::read(&folder.join(NAME)).ok()
}

/// Returns the Cargo.toml that the pyproject.toml of a folder names, if it exists.
pub(super) fn manifest_named_in(folder: &Path) -> Option<PathBuf> {
    let text = std::fs::read_to_string(folder.join(NAME)).ok()?;
    let document: DocumentMut = text.parse().ok()?;
    let named = named_manifests(&document);
    let mut paths = named
        .iter()
        .map(|path| folder.join(path))
        .filter(|path| path.is_file());
    let path = paths.next()?;
    Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?))
}

/// Returns the reason for which the nearest pyproject.toml leads to no manifest: it cannot be parsed, or names a file that
/// is not there.
pub(super) fn error_near(folder: &Path) -> Option<Error> {
    let mut paths = folder.ancestors().map(|folder| folder.join(NAME));
    let path = paths.find(|path| path.is_file())?;
    let mut file = match Manifest::read(&path) {
        Ok(file) => file,
        Err(error) => return Some(error.into()),
    };
    let mut named = named_manifests(file.document_mut()).into_iter();
    let named = named.find(|named| named != CUSTOMARY)?;
    Some(Error::NamedByPyproject {
        pyproject: path,
        named,
    })
}

/// Returns the paths in the settings of maturin and setuptools-rust, and the customary one.
fn named_manifests(document: &DocumentMut) -> Vec<String> {
    let tool = |name: &str| document.get("tool")?.get(name);
    let of_maturin = tool("maturin").and_then(|maturin| maturin.get("manifest-path")?.as_str());
    let extensions = tool("setuptools-rust").and_then(|tool| tool.get("ext-modules"));
    let mut named: Vec<String> = of_maturin.map(str::to_owned).into_iter().collect();
    named.extend(extension_paths(extensions));
    if document.contains_key("build-system") {
        named.push(CUSTOMARY.to_owned());
    }
    named
}

fn extension_paths(extensions: Option<&Item>) -> Vec<String> {
    let path = |table: &dyn toml_edit::TableLike| {
        table.get("path").and_then(Item::as_str).map(str::to_owned)
    };
    match extensions {
        Some(Item::ArrayOfTables(tables)) => {
            tables.iter().filter_map(|table| path(table)).collect()
        }
        Some(item) => {
            let tables = item.as_array().into_iter().flatten();
            let tables = tables.filter_map(|value| value.as_inline_table());
            tables.filter_map(|table| path(table)).collect()
        }
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::named_manifests;

    #[test]
    fn each_builder_names_its_manifest() {
        for (text, path) in [
            (
                "[tool.maturin]\nmanifest-path = 'a/Cargo.toml'",
                "a/Cargo.toml",
            ),
            (
                "[[tool.setuptools-rust.ext-modules]]\npath = 'b/Cargo.toml'",
                "b/Cargo.toml",
            ),
            (
                "[tool.setuptools-rust]\next-modules = [{ target = 'x', path = 'c/Cargo.toml' }]",
                "c/Cargo.toml",
            ),
            (
                "[build-system]\nbuild-backend = 'maturin'",
                "rust/Cargo.toml",
            ),
        ] {
            assert_eq!(named_manifests(&text.parse().unwrap()), [path], "{text}");
        }
        assert!(named_manifests(&"[tool.black]".parse().unwrap()).is_empty());
    }
}
