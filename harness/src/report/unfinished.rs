//! Tests that a run which ended early leaves without a result, as documents of JUnit have them.

use crate::event::Tally;
use crate::trial::Description;

/// A test without a result.
pub(super) struct Unfinished<'a> {
    pub(super) description: &'a Description,
    pub(super) is_error: bool,
    why: &'static str,
}

impl<'a> Unfinished<'a> {
    /// Returns all of them. After Ctrl-C the tests that were running are errors, or if none was those that were
    /// still to come, so that the document is never that of a success; after `--fail-fast` it has a failure.
    pub(super) fn of(tally: &'a Tally) -> Vec<Self> {
        let is_interrupted = tally.is_interrupted;
        let running = tally.running.iter().map(|description| Self {
            description,
            is_error: is_interrupted,
            why: match is_interrupted {
                true => "the run was interrupted while this test was running",
                false => "the run ended while this test was running",
            },
        });
        let waiting = tally.waiting.iter().map(|description| Self {
            description,
            is_error: is_interrupted && tally.running.is_empty(),
            why: match is_interrupted {
                true => "the run was interrupted before this test had started",
                false => "the run ended before this test had started",
            },
        });
        running.chain(waiting).collect()
    }

    /// Returns the element that says so.
    pub(super) fn element(&self) -> String {
        let why = self.why;
        match self.is_error {
            true => format!(r#"<error message="{why}" type="interrupted"/>"#),
            false => format!(r#"<skipped message="{why}"/>"#),
        }
    }
}

/// Counts the errors, and the others.
pub(super) fn count(unfinished: &[Unfinished<'_>]) -> (u64, u64) {
    let errors = unfinished.iter().filter(|test| test.is_error).count();
    (errors as u64, (unfinished.len() - errors) as u64)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Trial;

    /// With worker processes all of them may be waiting for one.
    #[test]
    fn an_interruption_is_an_error_where_no_test_was_running() {
        let waiting = Arc::new(Trial::test("t", || Ok(())).description);
        let mut tally = Tally {
            waiting: vec![waiting],
            ..Tally::default()
        };
        assert_eq!(count(&Unfinished::of(&tally)), (0, 1));
        tally.is_interrupted = true;
        assert_eq!(count(&Unfinished::of(&tally)), (1, 0));
        tally.running = tally.waiting.clone();
        assert_eq!(count(&Unfinished::of(&tally)), (1, 1));
    }
}
