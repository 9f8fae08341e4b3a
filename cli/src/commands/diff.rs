//! Differences of texts, as `--dry-run` shows them.

use colored::Colorize;
use similar::TextDiff;

/// The difference of two texts in the unified format; empty if there is none.
pub(crate) fn unified(name: &str, old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let text = diff.unified_diff().header(name, name).to_string();
    text.split_inclusive('\n').map(paint).collect()
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
