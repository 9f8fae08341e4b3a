//! The limits of `--report-time` and `--ensure-time`.

use std::time::Duration;

use super::Arguments;

/// The variable that overrides the limits. Trials of this harness are integration tests.
const VARIABLE: &str = "RUST_TEST_TIME_INTEGRATION";

/// From when on a time is shown in a warning colour, and counts as a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeLimits {
    pub(crate) warn: Duration,
    pub(crate) critical: Duration,
    /// Whether a test that exceeds the critical time fails.
    pub(crate) is_enforced: bool,
}

impl TimeLimits {
    /// Returns the limits in force, if times are to be measured at all.
    ///
    /// # Panics
    ///
    /// Panics as libtest does when the environment variable is malformed.
    pub(crate) fn new(args: &Arguments) -> Option<Self> {
        if !args.report_time && !args.ensure_time {
            return None;
        }
        // libtest reads all three and panics on each of them, whichever it then uses.
        for other in ["RUST_TEST_TIME_UNIT", "RUST_TEST_TIME_DOCTEST"] {
            let _checked = std::env::var(other)
                .ok()
                .map(|value| Self::parse(other, &value));
        }
        let chosen = std::env::var(VARIABLE)
            .ok()
            .map(|value| Self::parse(VARIABLE, &value));
        let limits = chosen.unwrap_or(Self {
            warn: Duration::from_millis(500),
            critical: Duration::from_millis(1000),
            is_enforced: false,
        });
        Some(Self {
            is_enforced: args.ensure_time,
            ..limits
        })
    }

    fn parse(variable: &str, value: &str) -> Self {
        let number = |text: &str| {
            Duration::from_millis(text.parse().unwrap_or_else(|_| {
                panic!("Duration value in variable {variable} is expected to be a number, but got {text}")
            }))
        };
        let Some((warn, critical)) = value.split_once(',') else {
            panic!(
                "Duration variable {variable} expected to have 2 numbers separated by comma, but got {value}"
            );
        };
        let limits = Self {
            warn: number(warn),
            critical: number(critical),
            is_enforced: false,
        };
        assert!(
            limits.warn <= limits.critical,
            "Test execution warn time should be less or equal to the critical time"
        );
        limits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_gives_both_limits_in_milliseconds() {
        let limits = TimeLimits::parse(VARIABLE, "5,20");
        assert_eq!(limits.warn, Duration::from_millis(5));
        assert_eq!(limits.critical, Duration::from_millis(20));
    }

    #[test]
    #[should_panic(expected = "warn time should be less or equal")]
    fn a_warning_after_the_limit_is_refused() {
        TimeLimits::parse(VARIABLE, "5,1");
    }
}
