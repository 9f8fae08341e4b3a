//! The message and location of a failure, for formats that have no room for the output of the test.

use crate::event::{Cause, Outcome};
use crate::trial::Description;
use crate::unwind::PanicRecord;

/// The message of a failure, and its location.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) location: Option<Location>,
}

/// A file, as rustc names it, and a line.
pub(super) type Location = (String, u32);

impl Failure {
    /// Describes a failure. Its location is that of the panic, or else that of the test.
    pub(super) fn of(description: &Description, outcome: &Outcome) -> Self {
        let at_test = |message: String| Self {
            message,
            location: source_location(description),
        };
        match outcome {
            Outcome::Failed(Some(Cause::Panic(panic))) => {
                let PanicRecord {
                    message,
                    file,
                    line,
                } = panic;
                Self {
                    message: message.trim_end().to_owned(),
                    location: Some((file.clone(), *line)),
                }
            }
            Outcome::Failed(Some(Cause::Error(message))) => {
                at_test(format!("Error: {message}").trim_end().to_owned())
            }
            Outcome::FailedBecause(reason) => at_test(reason.clone()),
            Outcome::TooSlow => at_test("time limit exceeded".to_owned()),
            _ => at_test("the test failed".to_owned()),
        }
    }
}

/// Returns where a test is defined.
pub(super) fn source_location(description: &Description) -> Option<Location> {
    let source = description.source.as_ref()?;
    Some((source.file.clone().into_owned(), source.start.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(cause: Option<Cause>) -> Failure {
        let trial = crate::Trial::test("t", || Ok(())).with_source("src/t.rs", 3);
        Failure::of(trial.description(), &Outcome::Failed(cause))
    }

    #[test]
    fn a_panic_has_its_own_location() {
        let panic = PanicRecord {
            message: "line one\nline two\n".into(),
            file: "src/a.rs".into(),
            line: 12,
        };
        assert_eq!(
            failure(Some(Cause::Panic(panic))),
            Failure {
                message: "line one\nline two".into(),
                location: Some(("src/a.rs".into(), 12)),
            }
        );
    }

    #[test]
    fn an_error_has_the_location_of_the_test() {
        assert_eq!(
            failure(Some(Cause::Error("\"no\"".into()))),
            Failure {
                message: "Error: \"no\"".into(),
                location: Some(("src/t.rs".into(), 3)),
            }
        );
        assert_eq!(failure(None).message, "the test failed");
    }
}
