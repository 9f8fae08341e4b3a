//! The record of tests that failed, for `--last-failed`.
//!
//! The record is a file beside the test binary, with a name in each line, that outlives rebuilds. There is
//! none as long as nothing fails. Tests that do not run keep their place in it. The file is hidden, by
//! its name: scripts look for the newest `deps/NAME-*` and take that for the test binary.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{self, Path, PathBuf};

use crate::args::Arguments;
use crate::plan::{self, Planned};
use crate::process::binary;
use crate::trial::Trial;

/// Names the folder that the record is kept in, instead of the binary's.
const VARIABLE: &str = "LIBTEST_ASYNC_STATE_DIR";

/// Restricts `trials` to those that failed when they last ran, if that is asked for and if there
/// are any.
pub(crate) fn restrict(args: &Arguments, trials: &mut Vec<Trial>) {
    if let Some(failed) = Selection::new(args, trials.iter()) {
        plan::keep(trials, |trial| failed.has(trial));
    }
}

/// Puts the tests that failed when they last ran before the others, in their order.
pub(super) fn put_first(tests: &mut [Planned]) {
    if let Some(path) = path() {
        let failed = Selection(read(&path));
        tests.sort_by_key(|planned| !failed.has(&planned.trial));
    }
}

/// The titles of tests that failed when they last ran.
pub(crate) struct Selection(BTreeSet<String>);

impl Selection {
    /// Reads the record, if that is asked for; `None` selects all, as no trial is in the record.
    pub(crate) fn new<'a>(
        args: &Arguments,
        mut trials: impl Iterator<Item = &'a Trial>,
    ) -> Option<Self> {
        if !args.last_failed {
            return None;
        }
        let selection = Self(read(&path()?));
        trials
            .any(|trial| selection.has(trial))
            .then_some(selection)
    }

    pub(crate) fn has(&self, trial: &Trial) -> bool {
        self.0.contains(trial.description().title().as_ref())
    }
}

/// Returns the path of the record.
pub(crate) fn path() -> Option<PathBuf> {
    let folder = match std::env::var_os(VARIABLE) {
        Some(folder) => PathBuf::from(folder),
        None => std::env::current_exe().ok()?.parent()?.to_owned(),
    };
    // A test that changes the working directory does not move it.
    let folder = path::absolute(folder).ok()?;
    Some(folder.join(format!(".{}.last-failed", binary::stem())))
}

/// Reads the names in a record; there are none where there is no file.
pub(crate) fn read(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(unescape).collect()
}

/// Writes a record, or removes it if there are no names.
pub(crate) fn write(path: &Path, names: &BTreeSet<String>) -> io::Result<()> {
    if names.is_empty() {
        return fs::remove_file(path);
    }
    let lines = names.iter().map(|name| format!("{}\n", escape(name)));
    fs::write(path, lines.collect::<String>())
}

fn escape(name: &str) -> String {
    name.replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
}

fn unescape(line: &str) -> String {
    let mut name = String::with_capacity(line.len());
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n') => name.push('\n'),
                Some('r') => name.push('\r'),
                other => name.extend(other),
            },
            other => name.push(other),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_survive_the_file() {
        for name in ["a::b", "with\nline", "with \\n and \\", "\r"] {
            assert_eq!(unescape(&escape(name)), name);
            assert!(!escape(name).contains('\n'));
        }
    }
}
