//! What is known of a failure, read from the output of the trial.

use crate::event::Outcome;
use crate::trial::Description;

/// A failure in few words, and where it happened.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) message: String,
    /// The file, as rustc names it, and the line.
    pub(super) place: Option<(String, u32)>,
}

impl Failure {
    pub(super) fn of(description: &Description, outcome: &Outcome, output: &[u8]) -> Self {
        let output = String::from_utf8_lossy(output);
        let place = source_location(description);
        match outcome {
            Outcome::FailedBecause(reason) => Self {
                message: reason.clone(),
                place,
            },
            Outcome::TooSlow => Self {
                message: "time limit exceeded".to_owned(),
                place,
            },
            _ => Self::panic(&output)
                .or_else(|| Self::error(&output, place.clone()))
                .unwrap_or_else(|| Self {
                    message: "the test failed".to_owned(),
                    place,
                }),
        }
    }

    /// Finds the last panic: the one that ended the test.
    fn panic(output: &str) -> Option<Self> {
        let (before, after) = output.rsplit_once(" panicked at ")?;
        let is_header = before.rsplit('\n').next()?.starts_with("thread '");
        let (place, rest) = after.split_once(":\n").filter(|_| is_header)?;
        let mut parts = place.rsplitn(3, ':');
        let (_column, line, file) = (parts.next()?, parts.next()?, parts.next()?);
        let ends = ["\nnote: ", "\nstack backtrace:\n"];
        let end = ends.iter().filter_map(|end| rest.find(end)).min();
        Some(Self {
            message: rest[..end.unwrap_or(rest.len())].trim_end().to_owned(),
            place: Some((file.to_owned(), line.parse().ok()?)),
        })
    }

    fn error(output: &str, place: Option<(String, u32)>) -> Option<Self> {
        let start = match output.rfind("\nError: ") {
            Some(before) => before + 1,
            None if output.starts_with("Error: ") => 0,
            None => return None,
        };
        Some(Self {
            message: output[start..].trim_end().to_owned(),
            place,
        })
    }
}

/// Returns where a test is defined: the file, as rustc names it, and the line.
pub(super) fn source_location(description: &Description) -> Option<(String, u32)> {
    let source = description.source.as_ref()?;
    Some((source.file.clone().into_owned(), source.start.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(output: &str) -> Failure {
        let trial = crate::Trial::test("t", || Ok(())).with_source("src/t.rs", 3);
        Failure::of(trial.description(), &Outcome::Failed, output.as_bytes())
    }

    #[test]
    fn a_panic_has_its_message_and_its_place() {
        let output = "printed\n\nthread 't' (7) panicked at src/a.rs:12:5:\nline one\nline two\nnote: run with\n";
        assert_eq!(
            failure(output),
            Failure {
                message: "line one\nline two".into(),
                place: Some(("src/a.rs".into(), 12)),
            }
        );
    }

    #[test]
    fn an_error_has_the_place_of_the_test() {
        assert_eq!(
            failure("printed\nError: \"no\"\n"),
            Failure {
                message: "Error: \"no\"".into(),
                place: Some(("src/t.rs".into(), 3)),
            }
        );
        assert_eq!(failure("").message, "the test failed");
    }
}
