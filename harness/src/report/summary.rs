//! Text that the formats `pretty` and `terse` share.

use std::borrow::Cow;
use std::fmt::Write;
use std::iter;
use std::mem;
use std::sync::Arc;

use crate::event::SLOW_AFTER;
use crate::event::{Attempt, Event, Finished, Listing, Outcome, Tally};
use crate::trial::{Description, Measurement};

use super::color::{Color, Palette};

/// Appends `\nrunning 3 tests\n`.
pub(super) fn run_started(total: usize, shuffle_seed: Option<u64>, out: &mut String) {
    let noun = if total == 1 { "test" } else { "tests" };
    let _ = write!(out, "\nrunning {total} {noun}");
    if let Some(seed) = shuffle_seed {
        let _ = write!(out, " (shuffle seed: {seed})");
    }
    out.push('\n');
}

fn interrupted(tally: &Tally, out: &mut String) {
    let waiting = tally.waiting.len();
    let noun = if waiting == 1 { "test" } else { "tests" };
    let _ = writeln!(out, "\n\ninterrupted; {waiting} {noun} had not started");
    for description in &tally.running {
        let _ = writeln!(out, "test {} was running", description.title());
    }
}

/// Appends the notice for a test that takes long.
pub(super) fn slow(description: &Description, out: &mut String) {
    let title = description.title();
    let seconds = SLOW_AFTER.as_secs();
    let _ = writeln!(
        out,
        "test {title} has been running for over {seconds} seconds"
    );
}

/// Appends the sections and the result line that end a run.
pub(super) fn run_finished(tally: &Tally, show_output: bool, palette: &Palette, out: &mut String) {
    if tally.is_interrupted {
        interrupted(tally, out);
    }
    if show_output {
        section("successes", &tally.successes, Finished::shown_output, out);
    }
    if !tally.flaky.is_empty() {
        section("flaky", &tally.flaky, Finished::earlier_output, out);
    }
    if !tally.failures.is_empty() {
        section("failures", &tally.failures, Finished::shown_output, out);
    }
    if !tally.time_failures.is_empty() {
        let title = "failures (time limit exceeded)";
        section(title, &tally.time_failures, Finished::shown_output, out);
    }
    out.push_str("\ntest result: ");
    match tally.is_failure() {
        true if tally.is_interrupted => palette.paint(Color::Failed, "INTERRUPTED", out),
        true => palette.paint(Color::Failed, "FAILED", out),
        false => palette.paint(Color::Passed, "ok", out),
    }
    let Tally {
        passed,
        failed,
        ignored,
        measured,
        filtered_out,
        duration,
        ..
    } = tally;
    let _ = write!(
        out,
        ". {passed} passed; {failed} failed; {ignored} ignored; {measured} measured; \
         {filtered_out} filtered out; finished in {:.2}s\n\n",
        duration.as_secs_f64()
    );
}

/// Appends a line of a listing, or its end.
pub(super) fn listing(event: &Event<'_>, with_counts: bool, out: &mut String) {
    match event {
        Event::Listed(description) => {
            out.push_str(&description.title());
            out.push_str(match description.is_bench {
                true => ": benchmark\n",
                false => ": test\n",
            });
        }
        Event::ListFinished(counts) if with_counts => list_counts(counts, out),
        _ => {}
    }
}

/// Appends `test NAME ... `.
pub(super) fn test_name(description: &Description, out: &mut String) {
    let title = description.title();
    let padding = description.width.unwrap_or(0).saturating_sub(title.len());
    // Not by a format, which takes as long as all else in an unoptimised build.
    out.push_str("test ");
    out.push_str(&title);
    if padding > 0 {
        out.extend(iter::repeat_n(' ', padding));
    }
    let expects_panic = description.should_panic != crate::trial::ShouldPanic::No;
    // libtest has the note for tests that run only.
    if expects_panic && !description.ignored {
        out.push_str(" - should panic");
    }
    out.push_str(" ... ");
}

/// Appends how an attempt failed that is followed by another.
pub(super) fn retried(finished: &Finished, palette: &Palette, out: &mut String) {
    let Attempt { number, of, .. } = finished.attempt;
    palette.paint(Color::Failed, "FAILED", out);
    let _ = writeln!(out, ", attempt {number} of {of}");
}

/// Appends `bench:  1,234.00 ns/iter (+/- 5.00)`.
pub(super) fn measurement(measured: Measurement, palette: &Palette, out: &mut String) {
    palette.paint(Color::Measured, "bench", out);
    let _ = write!(out, ": {}", describe(measured));
}

/// Returns a measurement in libtest's words.
pub(super) fn describe(measured: Measurement) -> String {
    format!(
        "{:>14} ns/iter (+/- {})",
        thousands(measured.avg),
        thousands(measured.variance)
    )
}

fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text + ".00"
}

fn list_counts(counts: &Listing, out: &mut String) {
    if counts.tests + counts.benchmarks > 0 {
        out.push('\n');
    }
    let plural = |count: usize, noun| match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    };
    let _ = writeln!(
        out,
        "{}, {}",
        plural(counts.tests, "test"),
        plural(counts.benchmarks, "benchmark")
    );
}

/// Returns what a section shows of a trial, in pieces.
type Show = fn(&Finished) -> Vec<Cow<'_, str>>;

fn section(title: &str, entries: &[Arc<Finished>], show: Show, out: &mut String) {
    let _ = write!(out, "\n{title}:\n");
    let mut is_first = true;
    for entry in entries {
        let mut pieces = show(entry);
        if let Outcome::FailedBecause(reason) = &entry.outcome {
            pieces.push(format!("note: {reason}").into());
        }
        if pieces.is_empty() {
            continue;
        }
        if mem::take(&mut is_first) {
            out.push('\n');
        }
        let _ = writeln!(out, "---- {} stdout ----", entry.description.title());
        out.extend(pieces);
        out.push('\n');
    }
    let _ = write!(out, "\n{title}:\n");
    let mut names: Vec<_> = entries
        .iter()
        .map(|entry| entry.description.title())
        .collect();
    names.sort();
    for name in names {
        let _ = writeln!(out, "    {name}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measurements_have_separators_and_a_fixed_width() {
        let measured = Measurement {
            avg: 1_234_567,
            variance: 89,
        };
        assert_eq!(describe(measured), "  1,234,567.00 ns/iter (+/- 89.00)");
    }

    #[test]
    fn a_minute_is_worth_a_line() {
        let mut out = String::new();
        let trial = crate::Trial::test("m::t", || Ok(())).with_kind("slow");
        slow(trial.description(), &mut out);
        assert_eq!(
            out,
            "test [slow] m::t has been running for over 60 seconds\n"
        );
    }

    #[test]
    fn an_empty_listing_has_counts_only() {
        let mut out = String::new();
        list_counts(&Listing::default(), &mut out);
        list_counts(
            &Listing {
                tests: 1,
                benchmarks: 2,
                ignored: 0,
            },
            &mut out,
        );
        assert_eq!(out, "0 tests, 0 benchmarks\n\n1 test, 2 benchmarks\n");
    }
}
