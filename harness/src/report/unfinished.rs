//! Tests that a run which ended early leaves without a result, as documents of JUnit have them.

use crate::event::Tally;
use crate::trial::Description;

/// A test without a result.
pub(super) struct Unfinished<'a> {
    pub(super) description: &'a Description,
    /// The type of the error; `None` for a test that was skipped.
    error: Option<&'static str>,
    why: &'static str,
}

impl<'a> Unfinished<'a> {
    /// Returns all of them. After Ctrl-C the tests that were running are errors; if none was running, those that had
    /// not started are. After a set-up that failed, those that had not started are errors too. So the document is
    /// never that of a success; after `--fail-fast` it has a failure anyway.
    pub(super) fn of(tally: &'a Tally) -> Vec<Self> {
        let (error_while_running, while_running) = match tally.is_interrupted {
            true => (
                Some("interrupted"),
                "the run was interrupted while this test was running",
            ),
            false => (None, "the run ended while this test was running"),
        };
        let (error_before, before) = match tally.is_interrupted {
            true => (
                error_while_running.filter(|_| tally.running.is_empty()),
                "the run was interrupted before this test had started",
            ),
            false if tally.has_setup_failed => (
                Some("setup"),
                "the set-up of a worker process failed before this test had started",
            ),
            false => (None, "the run ended before this test had started"),
        };
        let running = tally.running.iter().map(|description| Self {
            description,
            error: error_while_running,
            why: while_running,
        });
        let waiting = tally.waiting.iter().map(|description| Self {
            description,
            error: error_before,
            why: before,
        });
        running.chain(waiting).collect()
    }

    /// Returns the element that says so.
    pub(super) fn element(&self) -> String {
        let why = self.why;
        match self.error {
            Some(error) => format!(r#"<error message="{why}" type="{error}"/>"#),
            None => format!(r#"<skipped message="{why}"/>"#),
        }
    }
}

/// Counts the errors, and the others.
pub(super) fn count(unfinished: &[Unfinished<'_>]) -> (u64, u64) {
    let errors = unfinished
        .iter()
        .filter(|test| test.error.is_some())
        .count();
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
