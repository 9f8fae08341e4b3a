//! Differences of texts, as `--dry-run` shows them.

use std::path::Path;

use colored::Colorize;
use similar::TextDiff;

use crate::plan::FileChange;

/// The difference of two texts in the unified format; empty if there is none.
pub(crate) fn unified(name: &str, old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let text = diff.unified_diff().header(name, name).to_string();
    text.split_inclusive('\n').map(paint).collect()
}

/// The differences of files, whose names are shown relative to a folder.
pub(crate) fn files(changes: &[FileChange], folder: &Path) -> String {
    let difference = |change: &FileChange| {
        let name = change.path.strip_prefix(folder).unwrap_or(&change.path);
        let before = change.before.as_deref().unwrap_or_default();
        unified(&name.display().to_string(), before, &change.after)
    };
    changes.iter().map(difference).collect()
}

fn paint(line: &str) -> String {
    let (text, ending) = match line.strip_suffix('\n') {
        Some(text) => (text.strip_suffix('\r').unwrap_or(text), "\n"),
        None => (line, ""),
    };
    let painted = match text.as_bytes().first() {
        Some(b'+') => text.green().to_string(),
        Some(b'-') => text.red().to_string(),
        Some(b'@') => text.cyan().to_string(),
        _ => text.to_owned(),
    };
    painted + ending
}
