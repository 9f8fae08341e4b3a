//! The reasons for which a package cannot be inspected.

use std::path::PathBuf;

use super::manifest;

/// The reasons for which a package cannot be inspected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// No manifest in this folder or above.
    #[error(
        "could not find `Cargo.toml` in `{}` or any parent directory: run this in a crate, name \
         one with `--manifest-path`, or make one with `maturin new --bindings pyo3`", .0.display()
    )]
    NoManifest(PathBuf),
    /// pyproject.toml names a manifest that is not there.
    #[error(
        "`{}` names the manifest `{named}`, and there is no such file: correct that, or give `--manifest-path` a path to a \
         Cargo.toml", pyproject.display()
    )]
    NamedByPyproject {
        /// The pyproject.toml.
        pyproject: PathBuf,
        /// The path that it names.
        named: String,
    },
    /// `--manifest-path` names no file.
    #[error("there is no manifest `{}`: give `--manifest-path` a path to a Cargo.toml", .0.display())]
    NoSuchManifest(PathBuf),
    /// The manifest cannot be read or parsed.
    #[error(transparent)]
    Manifest(#[from] manifest::Error),
    /// Cargo refuses the manifest.
    #[error("cargo cannot load `{}`", path.display())]
    Metadata {
        /// The manifest.
        path: PathBuf,
        /// Cargo's error.
        source: cargo_metadata::Error,
    },
    /// The manifest is that of a workspace with several members, and none is selected.
    #[error(
        "`{}` is the manifest of a workspace: choose a package with `--package`\n\navailable \
         packages: {}", path.display(), members.join(", ")
    )]
    Ambiguous {
        /// The manifest.
        path: PathBuf,
        /// The members.
        members: Vec<String>,
    },
    /// The selected package is no member of the workspace.
    #[error("no package `{package}` in the workspace\n\navailable packages: {}", members.join(", "))]
    NotAMember {
        /// The package that the user names.
        package: String,
        /// The members.
        members: Vec<String>,
    },
}
