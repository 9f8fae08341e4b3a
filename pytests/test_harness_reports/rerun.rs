//! Runs this binary again, as the subject.

use std::env;
use std::process::{Command, Output};

/// Tells the binary to be the subject.
pub(crate) const SUBJECT: &str = "PYO3_AIO_TEST_SUBJECT";

/// How a run of the subject ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Runs the subject with the arguments, which are separated by blanks.
    pub(crate) fn new(arguments: &str) -> Self {
        Self::with(arguments, |_| {})
    }

    /// Runs the subject after `prepare` has changed its environment.
    pub(crate) fn with(arguments: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let mut command = command(arguments);
        prepare(&mut command);
        Self::of(command.output().unwrap())
    }

    pub(crate) fn of(output: Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Returns what was captured of a test that is shown.
    pub(crate) fn captured(&self, test: &str) -> &str {
        let start = format!("---- {test} stdout ----\n");
        let (_, rest) = self
            .stdout
            .split_once(&start)
            .unwrap_or_else(|| panic!("{self:#?}"));
        let end = rest
            .find("\n---- ")
            .or_else(|| rest.find("\n\nfailures:"))
            .or_else(|| rest.find("\n\nsuccesses:"))
            .unwrap();
        &rest[..end]
    }

    pub(crate) fn assert_contains(&self, text: &str) {
        assert!(self.stdout.contains(text), "{text:?} is not in {self:#?}");
    }

    pub(crate) fn assert_lacks(&self, text: &str) {
        assert!(
            !self.stdout.contains(text) && !self.stderr.contains(text),
            "{text:?} is in {self:#?}"
        );
    }
}

/// The subject, with the variables removed that hide faults.
pub(crate) fn command(arguments: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(arguments.split_whitespace()).env(SUBJECT, "1");
    for name in [
        "PYTHONUNBUFFERED",
        "RUST_BACKTRACE",
        "RUST_TEST_THREADS",
        "RUST_TEST_NOCAPTURE",
    ] {
        command.env_remove(name);
    }
    command
}
