//! Keeps the record of tests that failed, for `--last-failed`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::event::{Event, Outcome};
use crate::plan::last_failed;

/// Keeps the record up to date during a run.
pub(super) struct Record {
    path: Option<PathBuf>,
    /// The names that stood in it at first.
    before: BTreeSet<String>,
    passed: BTreeSet<String>,
    failed: BTreeSet<String>,
}

impl Record {
    /// Nothing is recorded under cargo-nextest, where each test has a process of its own.
    pub(super) fn new() -> Self {
        let is_under_nextest = std::env::var_os("NEXTEST").is_some();
        let path = if is_under_nextest {
            None
        } else {
            last_failed::path()
        };
        Self {
            before: path.as_deref().map(last_failed::read).unwrap_or_default(),
            path,
            passed: BTreeSet::new(),
            failed: BTreeSet::new(),
        }
    }

    pub(super) fn event(&mut self, event: &Event<'_>) {
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
        let before = last_failed::read(path);
        let mut after: BTreeSet<String> = before.difference(&self.passed).cloned().collect();
        after.extend(self.failed.iter().cloned());
        if after == before {
            return;
        }
        let _ = last_failed::write(path, &after);
    }
}
