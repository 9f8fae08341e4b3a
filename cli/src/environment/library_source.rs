//! The source of a new dependency on pyo3-aio.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use toml_edit::InlineTable;

use crate::cli::LibraryArgs;
use crate::environment::checkout;

/// The source that a new dependency on pyo3-aio names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum LibrarySource {
    /// An absolute folder.
    Path(PathBuf),
    /// The URL of a git repository.
    Git(String),
    /// A requirement for the registry.
    Version(String),
    /// The registry, with the version of this subcommand, if no source is known.
    Own {
        /// The checkout that this was built from, if it has been deleted.
        deleted_checkout: Option<PathBuf>,
    },
}

const OWN_VERSION: &str = env!("CARGO_PKG_VERSION");

/// The reasons for which a source is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// `--path` names the folder of another package, or of none.
    #[error("`{}` holds no package `pyo3-aio`: give `--path` the folder of its Cargo.toml", .0.display())]
    NotPyo3Aio(PathBuf),
}

impl LibrarySource {
    /// Chooses the source that the arguments name, else the checkout, else the version of this subcommand.
    pub(crate) fn choose(library: &LibraryArgs) -> Result<Self, Error> {
        if let Some(path) = &library.path {
            let folder = path.canonicalize().unwrap_or_else(|_| path.clone());
            return match checkout::is_pyo3_aio(&folder) {
                true => Ok(Self::Path(folder)),
                false => Err(Error::NotPyo3Aio(path.clone())),
            };
        }
        Ok(match (&library.git, &library.version_req) {
            (Some(url), _) => Self::Git(url.clone()),
            (None, Some(version)) => Self::Version(version.clone()),
            (None, None) => match checkout::find() {
                Some(checkout) => Self::Path(checkout),
                None => Self::Own {
                    deleted_checkout: checkout::find_deleted(),
                },
            },
        })
    }

    /// Returns a warning if the checkout has been deleted and the registry takes its place.
    pub(crate) fn warning(&self) -> Option<String> {
        let Self::Own { deleted_checkout } = self else {
            return None;
        };
        let folder = deleted_checkout.as_ref()?.display();
        Some(format!(
            "`{folder}`, which this was built from, is gone, so pyo3-aio {OWN_VERSION} is taken from \
             the registry, which may not have it: name another source with `--path` or `--git`"
        ))
    }

    /// Returns the keys of the dependency. A path is relative to the manifest's folder.
    pub(crate) fn keys(&self, folder: &Path) -> InlineTable {
        let mut keys = InlineTable::new();
        match self {
            Self::Path(path) => keys.insert("path", relative(folder, path).into()),
            Self::Git(url) => keys.insert("git", url.as_str().into()),
            Self::Version(version) => keys.insert("version", version.as_str().into()),
            Self::Own { .. } => keys.insert("version", OWN_VERSION.into()),
        };
        keys
    }
}

impl fmt::Display for LibrarySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Git(url) => write!(f, "{url}"),
            Self::Own { .. } => write!(f, "v{OWN_VERSION}"),
            Self::Version(requirement) => f.write_str(&shown_requirement(requirement)),
        }
    }
}

/// Formats a version as cargo does, with a `v`; a requirement that begins with an operator stays as it is.
fn shown_requirement(requirement: &str) -> String {
    match requirement.starts_with(|first: char| first.is_ascii_digit()) {
        true => format!("v{requirement}"),
        false => requirement.to_owned(),
    }
}

/// Returns the relative path from one absolute folder to another, with `/`, as cargo writes it.
fn relative(from: &Path, to: &Path) -> String {
    let from: Vec<Component<'_>> = from.components().collect();
    let to: Vec<Component<'_>> = to.components().collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if shared == 0 {
        return to.iter().collect::<PathBuf>().display().to_string();
    }
    let up = from[shared..].iter().map(|_| "..".to_owned());
    let down = to[shared..]
        .iter()
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    let steps: Vec<String> = up.chain(down).collect();
    match steps.is_empty() {
        true => ".".to_owned(),
        false => steps.join("/"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{LibrarySource, relative};

    #[test]
    fn only_a_plain_version_is_shown_with_a_v() {
        let shown = |version: &str| LibrarySource::Version(version.to_owned()).to_string();
        assert_eq!(shown("0.1"), "v0.1");
        for requirement in ["=0.1.0", ">=0.1, <0.3", "*"] {
            assert_eq!(shown(requirement), requirement);
        }
    }

    #[test]
    fn the_path_is_written_as_cargo_add_writes_it() {
        let path = |from, to| relative(Path::new(from), Path::new(to));
        assert_eq!(path("/a/b", "/a/c/d"), "../c/d");
        assert_eq!(path("/a/b", "/a/b"), ".");
        assert_eq!(path("/a", "/a/b"), "b");
        assert_eq!(path("/a/b/c", "/a"), "../..");
    }
}
