//! The git repository that a workspace belongs to.

use std::path::{Component, Path, PathBuf};

/// The folder where services look for workflows, and the way from there to the workspace.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Repository {
    /// The folder that has `.git`, or else the workspace's.
    pub(crate) root: PathBuf,
    /// The workspace's folder within it, with `/`; empty if they are the same.
    pub(crate) workspace: String,
}

impl Repository {
    /// Finds the repository of a workspace.
    pub(crate) fn find(workspace: &Path) -> Self {
        let mut folders = workspace.ancestors();
        let root = folders.find(|folder| folder.join(".git").exists());
        let root = root.unwrap_or(workspace);
        Self {
            root: root.to_owned(),
            workspace: slashed(workspace.strip_prefix(root).unwrap_or(Path::new(""))),
        }
    }

    /// Returns a path within the workspace's folder as one within the repository.
    pub(crate) fn prefix(&self) -> String {
        match self.workspace.as_str() {
            "" => String::new(),
            folder => format!("{folder}/"),
        }
    }
}

/// Formats a relative path with `/`, as workflows write it on every system.
pub(crate) fn slashed(path: &Path) -> String {
    let names = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_string_lossy()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    names.collect::<Vec<_>>().join("/")
}
