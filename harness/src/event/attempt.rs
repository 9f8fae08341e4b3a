//! The attempts of a trial: with `--retries` there may be several.

use std::borrow::Cow;
use std::time::Duration;

use crate::event::Outcome;

/// One attempt to run a trial.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// Counted from 1.
    pub(crate) number: u32,
    pub(crate) of: u32,
    /// The attempts before it, all of which failed.
    pub(crate) earlier: Vec<FailedAttempt>,
    /// Whether this one passed, as the last one of a trial that failed by `--fail-on-flaky`.
    pub(crate) has_passed: bool,
}

/// An attempt that failed.
#[derive(Debug)]
pub(crate) struct FailedAttempt {
    pub(crate) outcome: Outcome,
    pub(crate) output: Vec<u8>,
    /// How long the body took, if it ran.
    pub(crate) elapsed: Option<Duration>,
}

impl Attempt {
    /// Returns the first of so many attempts.
    pub(crate) fn first(of: u32) -> Self {
        Self {
            number: 1,
            of,
            earlier: Vec::new(),
            has_passed: false,
        }
    }

    /// Returns why a trial that passed at this attempt has failed by `--fail-on-flaky`.
    pub(crate) fn fail_as_flaky(&mut self) -> Outcome {
        self.has_passed = true;
        let Self { number, of, .. } = self;
        Outcome::FailedBecause(format!("flaky: test passed at attempt {number} of {of}"))
    }

    /// Says whether there may be another one after this.
    pub(crate) fn has_next(&self) -> bool {
        self.number < self.of
    }

    /// Returns the attempt after this one, which failed.
    pub(crate) fn next(mut self, failed: FailedAttempt) -> Self {
        self.number += 1;
        self.earlier.push(failed);
        self
    }

    /// Returns what the earlier attempts printed, and why they failed, in pieces.
    pub(crate) fn transcript(&self) -> Vec<Cow<'_, str>> {
        let mut pieces = Vec::new();
        for (number, failed) in (1..).zip(&self.earlier) {
            self.add(number, "failed", &failed.output, &mut pieces);
            if let Outcome::FailedBecause(reason) = &failed.outcome {
                pieces.push(format!("note: {reason}\n").into());
            }
        }
        pieces
    }

    /// Returns what all attempts printed, of which this one, the last, printed `output`.
    pub(crate) fn transcript_with<'a>(&'a self, output: &'a [u8]) -> Vec<Cow<'a, str>> {
        let mut pieces = self.transcript();
        let end = if self.has_passed { "passed" } else { "failed" };
        self.add(self.number, end, output, &mut pieces);
        pieces
    }

    fn add<'a>(&self, number: u32, end: &str, output: &'a [u8], pieces: &mut Vec<Cow<'a, str>>) {
        pieces.push(format!("attempt {number} of {} {end}:\n", self.of).into());
        pieces.push(String::from_utf8_lossy(output));
        if !output.is_empty() && !output.ends_with(b"\n") {
            pieces.push("\n".into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(output: &[u8]) -> FailedAttempt {
        FailedAttempt {
            outcome: Outcome::FailedBecause("why".into()),
            output: output.to_vec(),
            elapsed: None,
        }
    }

    #[test]
    fn a_transcript_has_every_attempt_and_the_reasons_of_the_earlier_ones() {
        let second = Attempt::first(3).next(failed(b"one"));
        let third = second.next(failed(b""));
        assert!(!third.has_next());
        assert_eq!(
            third.transcript_with(b"three\n").concat(),
            "attempt 1 of 3 failed:\none\nnote: why\nattempt 2 of 3 failed:\nnote: why\nattempt 3 of 3 failed:\nthree\n"
        );
    }

    /// A hundred attempts keep their output once, not a hundred times.
    #[test]
    fn what_an_attempt_printed_is_never_copied() {
        let first = failed(b"one");
        let printed = first.output.as_ptr();
        let last = (0..100).fold(Attempt::first(102).next(first), |attempt, _| {
            attempt.next(failed(b""))
        });
        let pieces = last.transcript_with(b"");
        assert!(pieces.iter().any(|piece| piece.as_ptr() == printed));
    }
}
