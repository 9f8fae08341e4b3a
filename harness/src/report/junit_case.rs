//! A test in the file of `--junit`, with every attempt, in the elements that Maven's surefire has for
//! them and that Jenkins, GitLab and GitHub's actions know.

use std::fmt::Write;
use std::time::Duration;

use crate::event::{FailedAttempt, Finished, Outcome};
use crate::trial::Description;

use super::failure::{Failure, source_location};
use super::repository::Repository;
use super::unfinished::Unfinished;
use super::xml::{attribute, cdata};

/// An attempt of a test.
struct CaseAttempt<'a> {
    outcome: &'a Outcome,
    output: &'a [u8],
    elapsed: Option<Duration>,
}

impl<'a> CaseAttempt<'a> {
    fn last(finished: &'a Finished) -> Self {
        Self {
            outcome: &finished.outcome,
            output: &finished.output,
            elapsed: finished.elapsed,
        }
    }

    fn earlier(failed: &'a FailedAttempt) -> Self {
        Self {
            outcome: &failed.outcome,
            output: &failed.output,
            elapsed: failed.elapsed,
        }
    }
}

/// The attempts of a test, sorted by where they are written.
struct CaseAttempts<'a> {
    /// Stands for the test: the first one if all failed, and else the last one.
    main: CaseAttempt<'a>,
    others: Vec<CaseAttempt<'a>>,
    /// The element of each of the others.
    tag: &'static str,
}

impl<'a> CaseAttempts<'a> {
    fn of(finished: &'a Finished) -> Self {
        let mut others: Vec<_> = finished
            .attempt
            .earlier
            .iter()
            .map(CaseAttempt::earlier)
            .collect();
        let last = CaseAttempt::last(finished);
        if !finished.outcome.is_failure() || others.is_empty() {
            return Self {
                main: last,
                others,
                tag: "flakyFailure",
            };
        }
        others.push(last);
        Self {
            main: others.remove(0),
            others,
            tag: "rerunFailure",
        }
    }
}

/// Appends the element of a test.
pub(super) fn write(
    suite: &str,
    repository: &mut Repository,
    finished: &Finished,
    out: &mut String,
) {
    let description = &finished.description;
    let CaseAttempts { main, others, tag } = CaseAttempts::of(finished);
    open(
        suite,
        repository,
        description,
        main.elapsed.unwrap_or_default(),
        out,
    );
    outcome(description, &main, out);
    for attempt in &others {
        other(tag, description, attempt, out);
    }
    system_out("      ", main.output, out);
    out.push_str("    </testcase>\n");
}

/// Appends the element of a test that has no result.
pub(super) fn write_unfinished(
    suite: &str,
    repository: &mut Repository,
    unfinished: &Unfinished<'_>,
    out: &mut String,
) {
    open(
        suite,
        repository,
        unfinished.description,
        Duration::ZERO,
        out,
    );
    let _ = writeln!(out, "      {}", unfinished.element());
    out.push_str("    </testcase>\n");
}

fn open(
    suite: &str,
    repository: &mut Repository,
    description: &Description,
    elapsed: Duration,
    out: &mut String,
) {
    let title = description.title();
    let (class, name) = match title.rsplit_once("::") {
        Some((module, name)) => (format!("{suite}::{module}"), name),
        None => (suite.to_owned(), title.as_ref()),
    };
    let _ = write!(
        out,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.6}\"",
        attribute(&class),
        attribute(name),
        elapsed.as_secs_f64()
    );
    if let Some((file, line)) = source_location(description) {
        let file = attribute(&repository.path(&file).unwrap_or(file));
        let _ = write!(out, " file=\"{file}\" line=\"{line}\"");
    }
    out.push_str(">\n");
}

fn outcome(description: &Description, attempt: &CaseAttempt<'_>, out: &mut String) {
    match attempt.outcome {
        Outcome::Passed | Outcome::Measured(_) => {}
        Outcome::Ignored { reason: None } => out.push_str("      <skipped/>\n"),
        Outcome::Ignored {
            reason: Some(reason),
        } => {
            let reason = attribute(reason);
            let _ = writeln!(out, "      <skipped message=\"{reason}\"/>");
        }
        Outcome::Failed(_) | Outcome::FailedBecause(_) | Outcome::TooSlow => {
            let (attributes, text) = failure(description, attempt);
            let _ = writeln!(out, "      <failure {attributes}>{text}</failure>");
        }
    }
}

fn other(tag: &str, description: &Description, attempt: &CaseAttempt<'_>, out: &mut String) {
    let (attributes, text) = failure(description, attempt);
    let _ = writeln!(out, "      <{tag} {attributes}>");
    let _ = writeln!(out, "        <stackTrace>{text}</stackTrace>");
    system_out("        ", attempt.output, out);
    let _ = writeln!(out, "      </{tag}>");
}

/// Returns the attributes of a failure, and its text.
fn failure(description: &Description, attempt: &CaseAttempt<'_>) -> (String, String) {
    let Failure { message, .. } = Failure::of(description, attempt.outcome);
    let first = attribute(message.lines().next().unwrap_or_default());
    let attributes = format!("message=\"{first}\" type=\"failure\"");
    (attributes, cdata(&message))
}

fn system_out(indent: &str, output: &[u8], out: &mut String) {
    if !output.is_empty() {
        let output = cdata(&String::from_utf8_lossy(output));
        let _ = writeln!(out, "{indent}<system-out>{output}</system-out>");
    }
}
