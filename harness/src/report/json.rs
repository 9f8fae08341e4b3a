//! A JSON object a line.

use std::borrow::Cow;
use std::fmt::{self, Write};

use crate::event::{Event, Finished, Listing, Outcome, Tally};
use crate::trial::{Description, Measurement, Source};

use super::Reporter;

/// Writes libtest's JSON events.
pub(super) struct Json {
    show_output: bool,
}

impl Json {
    pub(super) fn new(show_output: bool) -> Self {
        Self { show_output }
    }

    fn finished(&self, finished: &Finished, out: &mut String) {
        let title = finished.description.title();
        if let Outcome::Measured(measured) = &finished.outcome {
            return bench(&title, *measured, out);
        }
        let _ = write!(
            out,
            r#"{{ "type": "test", "name": "{}", "event": "{}""#,
            Escaped(&title),
            word(&finished.outcome)
        );
        if let Some(time) = finished.time {
            let _ = write!(out, r#", "exec_time": {}"#, time.as_secs_f64());
        }
        if self.show_output || finished.outcome != Outcome::Passed {
            stdout(&finished.shown_output(), out);
        }
        reason(&finished.outcome, out);
        out.push_str(" }\n");
    }
}

impl Reporter for Json {
    fn report(&mut self, event: &Event<'_>, out: &mut String) {
        match event {
            Event::RunStarted {
                total,
                shuffle_seed,
            } => {
                let _ = write!(
                    out,
                    r#"{{ "type": "suite", "event": "started", "test_count": {total}"#
                );
                if let Some(seed) = shuffle_seed {
                    let _ = write!(out, r#", "shuffle_seed": {seed}"#);
                }
                out.push_str(" }\n");
            }
            Event::Started(description) => test_event("started", description, out),
            Event::Slow(description) => test_event("timeout", description, out),
            Event::Finished(finished) => self.finished(finished, out),
            Event::Retried(finished) => retried(finished, out),
            Event::RunFinished(tally) => run_finished(tally, out),
            Event::ListStarted => {
                out.push_str("{ \"type\": \"suite\", \"event\": \"discovery\" }\n");
            }
            Event::Listed(description) => listed(description, out),
            Event::ListFinished(counts) => list_finished(counts, out),
        }
    }
}

fn test_event(event: &str, description: &Description, out: &mut String) {
    let title = description.title();
    let _ = writeln!(
        out,
        r#"{{ "type": "test", "event": "{event}", "name": "{}" }}"#,
        Escaped(&title)
    );
}

fn retried(finished: &Finished, out: &mut String) {
    let title = finished.description.title();
    let output = String::from_utf8_lossy(&finished.output);
    let _ = write!(
        out,
        r#"{{ "type": "test", "event": "retried", "name": "{}", "attempt": {}, "stdout": "{}""#,
        Escaped(&title),
        finished.attempt.number,
        Escaped(&output)
    );
    reason(&finished.outcome, out);
    out.push_str(" }\n");
}

/// Appends why a trial ended as it did, if its output does not say so.
fn reason(outcome: &Outcome, out: &mut String) {
    match outcome {
        Outcome::FailedBecause(reason) => {
            let _ = write!(out, r#", "message": "{}""#, Escaped(reason));
        }
        Outcome::Ignored {
            reason: Some(reason),
        } => {
            let _ = write!(out, r#", "message": "{}""#, Escaped(reason));
        }
        Outcome::TooSlow => out.push_str(r#", "reason": "time limit exceeded""#),
        _ => {}
    }
}

/// Appends what was printed, if anything was.
fn stdout(pieces: &[Cow<'_, str>], out: &mut String) {
    if pieces.is_empty() {
        return;
    }
    out.push_str(r#", "stdout": ""#);
    for piece in pieces {
        let _ = write!(out, "{}", Escaped(piece));
    }
    out.push('"');
}

fn bench(title: &str, measured: Measurement, out: &mut String) {
    let _ = writeln!(
        out,
        r#"{{ "type": "bench", "name": "{}", "median": {}, "deviation": {} }}"#,
        Escaped(title),
        measured.avg,
        measured.variance
    );
}

fn run_finished(tally: &Tally, out: &mut String) {
    let event = if tally.is_failure() { "failed" } else { "ok" };
    let Tally {
        passed,
        failed,
        ignored,
        measured,
        filtered_out,
        duration,
        ..
    } = tally;
    let _ = writeln!(
        out,
        r#"{{ "type": "suite", "event": "{event}", "passed": {passed}, "failed": {failed}, "ignored": {ignored}, "measured": {measured}, "filtered_out": {filtered_out}, "exec_time": {} }}"#,
        duration.as_secs_f64()
    );
}

/// Unlike libtest's, the reason is escaped. Tags are ours.
fn listed(description: &Description, out: &mut String) {
    let unknown = Source {
        file: "".into(),
        start: (0, 0),
        end: (0, 0),
    };
    let Source { file, start, end } = description.source.as_ref().unwrap_or(&unknown);
    let _ = write!(
        out,
        r#"{{ "type": "{}", "event": "discovered", "name": "{}", "ignore": {}, "ignore_message": "{}", "source_path": "{}", "start_line": {}, "start_col": {}, "end_line": {}, "end_col": {}"#,
        if description.is_bench {
            "benchmark"
        } else {
            "test"
        },
        Escaped(&description.title()),
        description.ignored,
        Escaped(description.ignore_reason.as_deref().unwrap_or_default()),
        Escaped(file),
        start.0,
        start.1,
        end.0,
        end.1
    );
    let tags = description.tags();
    if !tags.is_empty() {
        let quoted = |tag: &Cow<'_, str>| format!("\"{}\"", Escaped(tag));
        let tags: Vec<_> = tags.iter().map(quoted).collect();
        let _ = write!(out, r#", "tags": [{}]"#, tags.join(", "));
    }
    out.push_str(" }\n");
}

fn list_finished(counts: &Listing, out: &mut String) {
    let Listing {
        tests,
        benchmarks,
        ignored,
    } = counts;
    let _ = writeln!(
        out,
        r#"{{ "type": "suite", "event": "completed", "tests": {tests}, "benchmarks": {benchmarks}, "total": {}, "ignored": {ignored} }}"#,
        tests + benchmarks
    );
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Passed | Outcome::Measured(_) => "ok",
        Outcome::Failed(_) | Outcome::FailedBecause(_) | Outcome::TooSlow => "failed",
        Outcome::Ignored { .. } => "ignored",
    }
}

/// Shows a text as the inside of a JSON string.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\x08' => f.write_str("\\b")?,
                '\t' => f.write_str("\\t")?,
                '\n' => f.write_str("\\n")?,
                '\x0c' => f.write_str("\\f")?,
                '\r' => f.write_str("\\r")?,
                '\x00'..='\x1f' | '\x7f' => write!(f, "\\u{:04x}", u32::from(character))?,
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_an_event() {
        let mut out = String::new();
        let trial = crate::Trial::test("t", || Ok(()));
        Json::new(false).report(&Event::Slow(trial.description()), &mut out);
        assert_eq!(
            out,
            "{ \"type\": \"test\", \"event\": \"timeout\", \"name\": \"t\" }\n"
        );
    }

    #[test]
    fn control_characters_quotes_and_backslashes_are_escaped() {
        let text = Escaped("a\"b\\c\n\t\x01\x7fü").to_string();
        assert_eq!(text, r#"a\"b\\c\n\t\u0001\u007fü"#);
    }
}
