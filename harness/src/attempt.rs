//! The attempts of a trial that `--retries` lets run again.

use std::fmt::Write;
use std::time::Duration;

use crate::outcome::Outcome;

/// Which attempt of a trial something is about; without `--retries` the only one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// Counted from 1.
    pub(crate) number: u32,
    pub(crate) of: u32,
    /// Those before it, all of which failed.
    pub(crate) earlier: Vec<FailedAttempt>,
}

/// An attempt that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
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
        }
    }

    /// Returns the attempt after this one, which failed, if there may be one.
    pub(crate) fn next(&self, failed: FailedAttempt) -> Option<Self> {
        (self.number < self.of).then(|| Self {
            number: self.number + 1,
            of: self.of,
            earlier: self.earlier.iter().cloned().chain([failed]).collect(),
        })
    }

    /// Returns what the earlier attempts printed, and why they failed.
    pub(crate) fn transcript(&self) -> Vec<u8> {
        let mut text = Vec::new();
        for (number, failed) in (1..).zip(&self.earlier) {
            self.append(number, &failed.output, &mut text);
            if let Outcome::FailedBecause(reason) = &failed.outcome {
                text.extend_from_slice(format!("note: {reason}\n").as_bytes());
            }
        }
        text
    }

    /// Returns what all attempts printed, of which this one, the last, printed `output`.
    pub(crate) fn transcript_with(&self, output: &[u8]) -> Vec<u8> {
        let mut text = self.transcript();
        self.append(self.number, output, &mut text);
        text
    }

    fn append(&self, number: u32, output: &[u8], text: &mut Vec<u8>) {
        let mut header = String::new();
        let _ = writeln!(header, "attempt {number} of {} failed:", self.of);
        text.extend_from_slice(header.as_bytes());
        text.extend_from_slice(output);
        if !text.ends_with(b"\n") {
            text.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transcript_has_every_attempt_and_the_reasons_of_the_earlier_ones() {
        let failed = |output: &[u8]| FailedAttempt {
            outcome: Outcome::FailedBecause("why".into()),
            output: output.to_vec(),
            elapsed: None,
        };
        let second = Attempt::first(3).next(failed(b"one")).unwrap();
        let third = second.next(failed(b"")).unwrap();
        assert_eq!(third.next(failed(b"")), None);
        let text = third.transcript_with(b"three\n");
        assert_eq!(
            String::from_utf8_lossy(&text),
            "attempt 1 of 3 failed:\none\nnote: why\nattempt 2 of 3 failed:\nnote: why\nattempt 3 of 3 failed:\nthree\n"
        );
    }
}
