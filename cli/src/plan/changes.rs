//! The output of a plan: the changes to make, and the lines that announce them.

use std::path::PathBuf;

use super::edit::Edit;
use crate::project::Project;
use crate::project::manifest::Manifest;

/// The changes that a command will make.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The changes of the manifest.
    pub(crate) edits: Vec<Edit>,
    /// The manifest with these changes.
    pub(crate) manifest: Manifest,
    /// The changes of other files, in the order in which they are written.
    pub(crate) files: Vec<FileChange>,
    /// The files that are removed, after everything else.
    pub(crate) removals: Vec<FileRemoval>,
    /// The name of the test target.
    pub(crate) target: String,
    /// Hints for the user.
    pub(crate) notes: Vec<String>,
    /// Warnings for the user.
    pub(crate) warnings: Vec<String>,
}

/// A part of a plan, which a module of its own decides on.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    pub(crate) edits: Vec<Edit>,
    pub(crate) files: Vec<FileChange>,
    pub(crate) notes: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

impl Steps {
    /// Appends later steps. A later change of a file starts from the result of the earlier one, so the two become one.
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
    /// Builds the plan. The manifest is edited in memory.
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
            removals: Vec::new(),
            target,
            notes,
            warnings,
        }
    }

    /// Whether nothing would change.
    pub(crate) fn is_empty(&self) -> bool {
        self.edits.is_empty() && self.files.is_empty() && self.removals.is_empty()
    }
}

/// A file that is removed.
#[derive(Clone, Debug)]
pub(crate) struct FileRemoval {
    /// The file, absolute.
    pub(crate) path: PathBuf,
    /// The present content.
    pub(crate) text: String,
    /// The path as messages show it.
    pub(crate) shown: String,
}

/// A file that is created or changed.
#[derive(Clone, Debug)]
pub(crate) struct FileChange {
    /// The file, absolute.
    pub(crate) path: PathBuf,
    /// The present content, if the file exists.
    pub(crate) before: Option<String>,
    /// The new content.
    pub(crate) after: String,
    /// The status lines: a verb, and the text after it.
    pub(crate) status: Vec<(&'static str, String)>,
}
