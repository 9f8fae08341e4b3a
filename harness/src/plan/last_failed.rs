//! The record of tests that failed, for `--last-failed`.
//!
//! It is a file beside the test binary, with a name in each line, that outlives rebuilds. There is
//! none as long as nothing fails. Tests that do not run keep their place in it. The file is hidden, by
//! its name: scripts look for the newest `deps/NAME-*` and take that for the test binary.

use std::collections::BTreeSet;
use std::fs;
use std::path::{self, PathBuf};

use crate::args::Arguments;
use crate::event::{Event, Outcome};
use crate::plan;
use crate::process::{binary, write_file};
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

/// Keeps the record up to date during a run.
pub(crate) struct Record {
    path: Option<PathBuf>,
    /// The names that stood in it at first.
    before: BTreeSet<String>,
    passed: BTreeSet<String>,
    failed: BTreeSet<String>,
}

impl Record {
    /// Where each test has a process of its own there is nothing to be recorded.
    pub(crate) fn new() -> Self {
        let is_under_nextest = std::env::var_os("NEXTEST").is_some();
        let path = if is_under_nextest { None } else { path() };
        Self {
            before: path.as_ref().map(read).unwrap_or_default(),
            path,
            passed: BTreeSet::new(),
            failed: BTreeSet::new(),
        }
    }

    pub(crate) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Finished(finished) => {
                if finished.outcome.is_failure() {
                    self.failed
                        .insert(finished.description.title().into_owned());
                } else if !self.before.is_empty() && finished.outcome == Outcome::Passed {
                    self.passed
                        .insert(finished.description.title().into_owned());
                }
            }
            Event::RunFinished(_) => self.write(),
            _ => {}
        }
    }

    /// A record that cannot be written is not worth a failure.
    fn write(&self) {
        let Some(path) = &self.path else { return };
        if self.failed.is_empty() && self.passed.is_empty() {
            return;
        }
        // Another run may have written meanwhile.
        let before = read(path);
        let mut after: BTreeSet<String> = before.difference(&self.passed).cloned().collect();
        after.extend(self.failed.iter().cloned());
        if after == before {
            return;
        }
        let _ = if after.is_empty() {
            fs::remove_file(path)
        } else {
            let lines: String = after
                .iter()
                .map(|name| format!("{}\n", escape(name)))
                .collect();
            write_file(path, &lines)
        };
    }
}

fn path() -> Option<PathBuf> {
    let folder = match std::env::var_os(VARIABLE) {
        Some(folder) => PathBuf::from(folder),
        None => std::env::current_exe().ok()?.parent()?.to_owned(),
    };
    // A test that changes the working directory does not move it.
    let folder = path::absolute(folder).ok()?;
    Some(folder.join(format!(".{}.last-failed", binary::stem())))
}

fn read(path: &PathBuf) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().map(unescape).collect()
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
