//! The output of a plan: the changes to make, and the lines that announce them.

use std::path::PathBuf;

use super::edit::Edit;
use crate::project::Project;
use crate::project::manifest::Manifest;

/// What will be done.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The changes of the manifest.
    pub(crate) edits: Vec<Edit>,
    /// The manifest with these changes.
    pub(crate) manifest: Manifest,
    /// The other files, in the order in which they are written.
    pub(crate) files: Vec<FileChange>,
    /// The name of the test target.
    pub(crate) target: String,
    /// What is worth knowing.
    pub(crate) notes: Vec<String>,
    /// What should be looked at.
    pub(crate) warnings: Vec<String>,
}

/// What a part of the plan contributes.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) edits: Vec<Edit>,
    pub(crate) files: Vec<FileChange>,
    pub(crate) notes: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

impl Steps {
    /// Adds what comes later. Two changes of one file become one.
    pub(crate) fn extend(&mut self, later: Self) {
        self.edits.extend(later.edits);
        self.notes.extend(later.notes);
        self.warnings.extend(later.warnings);
        for change in later.files {
            match self
                .files
                .iter_mut()
                .find(|earlier| earlier.path == change.path)
            {
                Some(earlier) => {
                    earlier.after = change.after;
                    earlier.status.extend(change.status);
                }
                None => self.files.push(change),
            }
        }
    }
}

impl Plan {
    /// A plan of these steps; the manifest is edited, and not yet written.
    pub(crate) fn new(project: &Project, target: String, steps: Steps) -> Self {
        let Steps {
            edits,
            files,
            notes,
            warnings,
        } = steps;
        let mut manifest = project.manifest.clone();
        edits.iter().for_each(|edit| edit.edit(&mut manifest));
        Self {
            edits,
            manifest,
            files,
            target,
            notes,
            warnings,
        }
    }

    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.files.is_empty()
    }
}

/// A file that is made or changed.
#[derive(Clone, Debug)]
pub(crate) struct FileChange {
    /// The file, absolute.
    pub(crate) path: PathBuf,
    /// What it holds, if it exists.
    pub(crate) before: Option<String>,
    /// What it will hold.
    pub(crate) after: String,
    /// Its status lines: the verb, and the rest.
    pub(crate) status: Vec<(&'static str, String)>,
}
