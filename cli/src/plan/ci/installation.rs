//! The command that installs this subcommand on the service's machines: from where the package takes pyo3-aio.

use std::path::{Component, Path, PathBuf};

use super::Workspace;
use crate::project::Project;
use crate::project::manifest::Dependency;
use crate::project::repository::slashed;

const PACKAGE: &str = "cargo-pyo3-async-test";
const LIBRARY: &str = "pyo3-aio";

/// The command, and what may be wrong with it.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Installation {
    pub(super) command: String,
    pub(super) warning: Option<String>,
}

/// Finds the source of pyo3-aio; `None` if no package depends on it.
pub(super) fn find(workspace: &Workspace<'_>) -> Option<Installation> {
    let (entry, folder) = workspace.projects.iter().find_map(declaration)?;
    let text = |key: &str| {
        let mut keys = entry.origin.iter();
        let (_, value) = keys.find(|(name, _)| name == key)?;
        value.as_str()
    };
    if let Some(url) = text("git") {
        let pins = ["branch", "tag", "rev"].into_iter();
        let pin = pins.filter_map(|key| Some(format!(" --{key} {}", text(key)?)));
        let pin: String = pin.collect();
        return Some(install(&format!("--git {url}{pin} {PACKAGE}")));
    }
    if let Some(path) = text("path") {
        return Some(from_folder(workspace, &normal(&folder.join(path))));
    }
    let requirement = entry.version.as_deref().unwrap_or("*");
    let first_is_digit = requirement.starts_with(|first: char| first.is_ascii_digit());
    let caret = if first_is_digit { "^" } else { "" };
    Some(install(&format!(
        "--version '{caret}{requirement}' {PACKAGE}"
    )))
}

/// Returns the entry that names the source, and the folder that its path starts from.
fn declaration(project: &Project) -> Option<(Dependency, PathBuf)> {
    let entry = project.dependencies(LIBRARY).into_iter().next()?;
    if !entry.is_inherited {
        return Some((entry, project.folder().to_owned()));
    }
    let mut offers = project.workspace_dependencies.iter();
    let offer = offers.find(|offer| offer.location.key == entry.location.key);
    Some((
        offer.cloned().unwrap_or(entry),
        project.workspace_root.clone(),
    ))
}

/// The subcommand's folder lies in that of pyo3-aio.
fn from_folder(workspace: &Workspace<'_>, library: &Path) -> Installation {
    match library.strip_prefix(&workspace.repository.root) {
        Ok(inside) => {
            let up = Path::new(&workspace.repository.workspace).components();
            let way: PathBuf = up.map(|_| Component::ParentDir).collect();
            let way = slashed(&way.join(inside).join("cli"));
            install(&format!("--path {way}"))
        }
        Err(_) => Installation {
            warning: Some(format!(
                "pyo3-aio is taken from `{}`, outside of the repository, where other machines have no such folder: \
                 name a `version` or `git` in Cargo.toml",
                library.display()
            )),
            ..install(PACKAGE)
        },
    }
}

fn install(from: &str) -> Installation {
    Installation {
        command: format!("cargo install --locked {from}"),
        warning: None,
    }
}

/// Removes `..` and the folder before it.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::normal;

    #[test]
    fn a_path_from_a_manifest_is_shortened() {
        assert_eq!(normal(Path::new("/a/b/../c/./d")), Path::new("/a/c/d"));
    }
}
