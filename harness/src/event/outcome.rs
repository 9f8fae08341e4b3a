//! The outcome of a trial, as judged from the result of its body.

use std::any::Any;
use std::borrow::Cow;
use std::time::Duration;

use crate::args::TimeLimits;
use crate::trial::{Description, Done, ExpectedFailure, Measurement, ShouldPanic, Verdict};
use crate::unwind::{self, PanicRecord, Payload, panic_text};

/// The outcome of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// Failed by itself, which its output shows.
    Failed(Option<Cause>),
    /// Failed, for a reason that the trial's own output does not show.
    FailedBecause(String),
    /// Passed, but took longer than `--ensure-time` allows.
    TooSlow,
    Ignored {
        reason: Option<Cow<'static, str>>,
    },
    Measured(Measurement),
}

/// The way in which a body failed, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cause {
    Panic(PanicRecord),
    /// An `Err` with this message.
    Error(String),
}

impl Outcome {
    pub(crate) fn is_failure(&self) -> bool {
        matches!(
            self,
            Self::Failed(_) | Self::FailedBecause(_) | Self::TooSlow
        )
    }

    /// Turns a pass that took too long into a failure, if the limits are enforced; a trial's own limit goes before theirs.
    pub(crate) fn within(
        self,
        limits: &TimeLimits,
        own: Option<Duration>,
        elapsed: Duration,
    ) -> Self {
        let critical = own.unwrap_or(limits.critical);
        match self {
            Self::Passed if limits.is_enforced && elapsed >= critical => Self::TooSlow,
            other => other,
        }
    }

    /// Compares the outcome with the failure that was expected of the trial.
    pub(crate) fn compared_with(self, expected: &ExpectedFailure) -> Self {
        let ExpectedFailure { reason, is_strict } = expected;
        let text = |what: &str| match reason.is_empty() {
            true => what.to_owned(),
            false => format!("{what}: {reason}"),
        };
        match self {
            Self::Passed if *is_strict => {
                Self::FailedBecause(text("test passed, but was expected to fail"))
            }
            failure if failure.is_failure() => Self::Ignored {
                reason: Some(text("expected failure").into()),
            },
            other => other,
        }
    }

    /// Returns the outcome of a trial that took longer than it may.
    pub(crate) fn timed_out(timeout: Duration) -> Self {
        Self::FailedBecause(format!("test timed out after {timeout:?}"))
    }
}

/// Judges the result of a body by `#[should_panic]`; `panic` is the last panic of its threads.
pub(crate) fn judge(
    description: &Description,
    result: Result<Verdict, Payload>,
    panic: Option<PanicRecord>,
) -> Outcome {
    match result {
        Ok(verdict) => judge_verdict(description, verdict, panic),
        Err(payload) => {
            let outcome = judge_panic(description, payload.as_ref(), panic);
            unwind::discard(payload);
            outcome
        }
    }
}

fn judge_verdict(
    description: &Description,
    verdict: Verdict,
    panic: Option<PanicRecord>,
) -> Outcome {
    match (&description.should_panic, verdict) {
        (_, Ok(Done::Skipped { reason })) => Outcome::Ignored {
            reason: reason.map(Cow::Owned),
        },
        (ShouldPanic::No, Ok(Done::Passed)) => Outcome::Passed,
        (ShouldPanic::No, Ok(Done::Measured(measurement))) => Outcome::Measured(measurement),
        (ShouldPanic::No, Err(failed)) => {
            let error = failed
                .message()
                .map(|message| Cause::Error(message.to_owned()));
            Outcome::Failed(error.or(panic.map(Cause::Panic)))
        }
        (ShouldPanic::Yes | ShouldPanic::With(_), _) => {
            Outcome::FailedBecause(did_not_panic(description))
        }
    }
}

fn judge_panic(
    description: &Description,
    payload: &(dyn Any + Send),
    panic: Option<PanicRecord>,
) -> Outcome {
    match &description.should_panic {
        ShouldPanic::No => Outcome::Failed(panic.map(Cause::Panic)),
        ShouldPanic::Yes => Outcome::Passed,
        ShouldPanic::With(expected) => judge_text(payload, expected),
    }
}

fn judge_text(payload: &(dyn Any + Send), expected: &str) -> Outcome {
    match panic_text(payload) {
        Some(text) if text.contains(expected) => Outcome::Passed,
        Some(text) => Outcome::FailedBecause(format!(
            "panic did not contain expected string\n      panic message: {text:?}\n expected substring: {expected:?}"
        )),
        None => Outcome::FailedBecause(format!(
            "expected panic with string value,\n found non-string value: `{:?}`\n     expected substring: {expected:?}",
            payload.type_id()
        )),
    }
}

fn did_not_panic(description: &Description) -> String {
    match &description.source {
        Some(source) => format!("test did not panic as expected at {source}"),
        None => "test did not panic as expected".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trial;

    fn description(expected: Option<&'static str>) -> Description {
        Trial::test("t", || Ok(()))
            .with_should_panic(expected)
            .with_source("f.rs", 3)
            .description
    }

    #[test]
    fn a_panic_without_the_expected_text_is_explained() {
        let outcome = judge(&description(Some("needle")), Err(Box::new("hay")), None);
        assert_eq!(
            outcome,
            Outcome::FailedBecause(
                "panic did not contain expected string\n      panic message: \"hay\"\n expected substring: \"needle\""
                    .into()
            )
        );
    }

    #[test]
    fn a_missing_panic_names_the_place_of_the_test() {
        let outcome = judge(&description(None), Ok(Ok(Done::Passed)), None);
        assert_eq!(
            outcome,
            Outcome::FailedBecause("test did not panic as expected at f.rs:3".into())
        );
    }

    #[test]
    fn an_owned_panic_text_counts_as_text() {
        let outcome = judge(
            &description(Some("needle")),
            Err(Box::new("a needle".to_owned())),
            None,
        );
        assert_eq!(outcome, Outcome::Passed);
    }

    #[test]
    fn a_skip_is_ignored_with_its_reason_also_where_a_panic_was_due() {
        let skipped = Done::Skipped {
            reason: Some("no network".into()),
        };
        assert_eq!(
            judge(&description(None), Ok(Ok(skipped)), None),
            Outcome::Ignored {
                reason: Some("no network".into())
            }
        );
    }

    #[test]
    fn only_a_pass_can_be_too_slow() {
        let limits = TimeLimits {
            warn: Duration::ZERO,
            critical: Duration::ZERO,
            is_enforced: true,
        };
        assert_eq!(
            Outcome::Passed.within(&limits, None, Duration::ZERO),
            Outcome::TooSlow
        );
        assert_eq!(
            Outcome::Failed(None).within(&limits, None, Duration::ZERO),
            Outcome::Failed(None)
        );
    }

    #[test]
    fn the_limit_of_a_trial_goes_before_that_of_all() {
        let limits = TimeLimits {
            warn: Duration::ZERO,
            critical: Duration::from_secs(1),
            is_enforced: true,
        };
        let after = |own: Option<u64>, millis| {
            let own = own.map(Duration::from_millis);
            Outcome::Passed.within(&limits, own, Duration::from_millis(millis))
        };
        assert_eq!(after(Some(50), 60), Outcome::TooSlow);
        assert_eq!(after(Some(2000), 1500), Outcome::Passed);
        assert_eq!(after(None, 1500), Outcome::TooSlow);
    }

    #[test]
    fn an_expected_failure_is_ignored_and_a_strict_one_has_to_come() {
        let compared = |outcome: Outcome, is_strict| {
            let reason = "issue 12".into();
            outcome.compared_with(&ExpectedFailure { reason, is_strict })
        };
        let ignored = Outcome::Ignored {
            reason: Some("expected failure: issue 12".into()),
        };
        for failure in [
            Outcome::Failed(None),
            Outcome::FailedBecause(String::new()),
            Outcome::TooSlow,
        ] {
            assert_eq!(compared(failure, true), ignored);
        }
        assert_eq!(compared(Outcome::Passed, false), Outcome::Passed);
        let text = "test passed, but was expected to fail: issue 12";
        let failed = Outcome::FailedBecause(text.to_owned());
        assert_eq!(compared(Outcome::Passed, true), failed);
        let skipped = Outcome::Ignored { reason: None };
        assert_eq!(compared(skipped.clone(), true), skipped);
    }
}
