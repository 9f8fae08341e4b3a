//! A JUnit document on one line.

use std::fmt::Write;

use crate::event::{Event, Finished, Outcome, Tally};

use super::Reporter;
use super::unfinished::{self, Unfinished};
use super::xml::{attribute, cdata_on_one_line};

/// Writes libtest's JUnit document. Other than there, attributes are escaped and may hold
/// newlines.
pub(super) struct Junit {
    show_output: bool,
    cases: String,
}

impl Junit {
    pub(super) fn new(show_output: bool) -> Self {
        Self {
            show_output,
            cases: String::new(),
        }
    }

    fn case(&mut self, finished: &Finished) {
        let name = attribute(&finished.description.title());
        let time = finished.time.unwrap_or_default().as_secs_f64();
        let open = format!(r#"<testcase classname="integration" name="{name}" time="{time}""#);
        let output = self.shown_output(finished);
        let failure = match &finished.outcome {
            Outcome::Ignored { .. } => return,
            Outcome::Measured(measured) => {
                let _ = write!(
                    self.cases,
                    r#"<testcase classname="benchmark::integration" name="{name}" time="{}" />"#,
                    measured.avg
                );
                return;
            }
            Outcome::Passed if output.is_empty() => {
                let _ = write!(self.cases, "{open}/>");
                return;
            }
            Outcome::Passed => String::new(),
            Outcome::Failed(_) => r#"<failure type="assert"/>"#.to_owned(),
            Outcome::FailedBecause(reason) => {
                format!(
                    r#"<failure message="{}" type="assert"/>"#,
                    attribute(reason)
                )
            }
            Outcome::TooSlow => r#"<failure type="timeout"/>"#.to_owned(),
        };
        let _ = write!(self.cases, "{open}>{failure}");
        if !output.is_empty() && finished.outcome != Outcome::TooSlow {
            let output = cdata_on_one_line(&output);
            let _ = write!(self.cases, "<system-out>{output}</system-out>");
        }
        self.cases.push_str("</testcase>");
    }

    /// Returns what a case shows: of a test that passed, what it printed when it failed before.
    fn shown_output(&self, finished: &Finished) -> String {
        let mut pieces = Vec::new();
        if finished.is_flaky() {
            pieces = finished.earlier_output();
        }
        if self.show_output || finished.outcome != Outcome::Passed {
            pieces.extend(finished.shown_output());
        }
        pieces.concat()
    }

    /// Appends the tests that Ctrl-C or a set-up that failed has cut off, and returns how many are errors, and how many were skipped.
    /// Tests that `--fail-fast` has cut off are left out, as with libtest.
    fn unfinished(&mut self, tally: &Tally) -> (u64, u64) {
        if !tally.is_interrupted && !tally.has_setup_failed {
            return (0, 0);
        }
        let unfinished = Unfinished::of(tally);
        for test in &unfinished {
            let name = attribute(&test.description.title());
            let _ = write!(
                self.cases,
                r#"<testcase classname="integration" name="{name}" time="0">{}</testcase>"#,
                test.element()
            );
        }
        unfinished::count(&unfinished)
    }

    fn end(&mut self, tally: &Tally, out: &mut String) {
        let (errors, skipped) = self.unfinished(tally);
        let skipped = tally.ignored + skipped;
        let Tally { failed, total, .. } = tally;
        let _ = writeln!(
            out,
            r#"<testsuites><testsuite name="test" package="test" id="0" errors="{errors}" failures="{failed}" tests="{total}" skipped="{skipped}" >{}<system-out/><system-err/></testsuite></testsuites>"#,
            self.cases
        );
    }
}

impl Reporter for Junit {
    fn report(&mut self, event: &Event<'_>, out: &mut String) {
        match event {
            Event::RunStarted { .. } => {
                out.push_str(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
            }
            Event::Finished(finished) => self.case(finished),
            Event::RunFinished(tally) => self.end(tally, out),
            _ => {}
        }
    }
}
