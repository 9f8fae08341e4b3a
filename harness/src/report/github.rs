//! Annotations of failures in GitHub's pages.

use std::env;
use std::fmt::Write;

use crate::event::{Event, Finished};
use crate::trial::Description;

use super::Reporter;
use super::failure::{Failure, Location, source_location};
use super::repository::Repository;

/// GitHub shows so many of a step.
const MAX_ANNOTATIONS: usize = 10;

/// Adds a workflow command for each failure to the end of another report.
pub(super) struct Github {
    inner: Box<dyn Reporter>,
    repository: Repository,
    commands: String,
    count: usize,
}

impl Github {
    /// Says whether this process is a step of a workflow, and the one that reports.
    pub(super) fn is_wanted() -> bool {
        env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true")
            && env::var_os("NEXTEST").is_none()
    }

    pub(super) fn new(inner: Box<dyn Reporter>) -> Self {
        Self {
            inner,
            repository: Repository::find(),
            commands: String::new(),
            count: 0,
        }
    }

    fn add(&mut self, description: &Description, failure: &Failure) {
        self.count += 1;
        if self.count > MAX_ANNOTATIONS {
            return;
        }
        self.commands.push_str("::error ");
        if let Some((file, line)) = self.location(description, failure) {
            let _ = write!(self.commands, "file={},line={line},", property(&file));
        }
        let title = property(&format!("test {} failed", description.title()));
        let _ = writeln!(self.commands, "title={title}::{}", data(&failure.message));
    }

    /// Returns where a test failed, or else where it is defined: what a panic names may be a file of std's, or of
    /// another package, which GitHub's pages do not show.
    fn location(&mut self, description: &Description, failure: &Failure) -> Option<Location> {
        let locations = [failure.location.clone(), source_location(description)];
        let mut locations = locations.into_iter().flatten();
        let in_repository =
            locations.find_map(|(file, line)| Some((self.repository.path(&file)?, line)));
        in_repository.or_else(|| failure.location.clone())
    }

    fn end(&mut self, out: &mut String) {
        out.push_str(&self.commands);
        if self.count > MAX_ANNOTATIONS {
            let _ = writeln!(
                out,
                "::notice::{} more tests failed",
                self.count - MAX_ANNOTATIONS
            );
        }
    }
}

impl Reporter for Github {
    fn report(&mut self, event: &Event<'_>, out: &mut String) {
        self.inner.report(event, out);
        match event {
            Event::Finished(finished) if finished.outcome.is_failure() => {
                let Finished {
                    description,
                    outcome,
                    ..
                } = finished;
                let failure = Failure::of(description, outcome);
                self.add(description, &failure);
            }
            Event::RunFinished(_) => self.end(out),
            _ => {}
        }
    }
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Trial;
    use crate::event::Attempt;
    use crate::event::Tally;
    use crate::event::{Cause, Outcome};

    struct Silent;

    impl Reporter for Silent {
        fn report(&mut self, _: &Event<'_>, _: &mut String) {}
    }

    #[test]
    fn failures_that_are_not_shown_are_counted() {
        let finished = Finished {
            description: Arc::new(Trial::test("t", || Ok(())).description),
            outcome: Outcome::Failed(Some(Cause::Error("why".into()))),
            output: Vec::new(),
            time: None,
            elapsed: None,
            fixtures: None,
            attempt: Attempt::first(1),
        };
        let (mut github, mut out) = (Github::new(Box::new(Silent)), String::new());
        for _ in 0..MAX_ANNOTATIONS + 3 {
            github.report(&Event::Finished(&finished), &mut out);
        }
        github.report(&Event::RunFinished(&Tally::default()), &mut out);
        let error = "::error title=test t failed::Error: why\n";
        let expected = format!(
            "{}::notice::3 more tests failed\n",
            error.repeat(MAX_ANNOTATIONS)
        );
        assert_eq!(out, expected);
    }

    #[test]
    fn what_ends_a_property_is_escaped() {
        assert_eq!(property("a::b, 100%\n"), "a%3A%3Ab%2C 100%25%0A");
        assert_eq!(data("a::b, c"), "a::b, c");
    }
}
