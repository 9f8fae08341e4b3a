//! The results of checks.

use std::fmt;

use colored::Colorize;
use serde_json::{Value, json};

/// The severity of a finding.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Level {
    /// No problem.
    Ok,
    /// A hint.
    Note,
    /// Some tests may not build or run.
    Warning,
    /// Tests do not build or run: the exit code is 1.
    Error,
}

/// The result of a check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Finding {
    /// The name of the check.
    pub(super) check: &'static str,
    /// The severity.
    pub(super) level: Level,
    /// The problem and its cause.
    pub(super) message: String,
    /// The solution.
    pub(super) help: Option<String>,
}

impl Finding {
    /// A check that finds no problem.
    pub(super) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self {
            check,
            level: Level::Ok,
            message: message.into(),
            help: None,
        }
    }

    /// A problem with its solution.
    pub(super) fn new(
        check: &'static str,
        level: Level,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            check,
            level,
            message: message.into(),
            help: Some(help.into()),
        }
    }

    /// Returns the finding as `--format json` prints it.
    pub(super) fn to_json(&self) -> Value {
        json!({
            "check": self.check,
            "level": self.level.word(),
            "message": self.message,
            "help": self.help,
        })
    }
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    fn painted(self) -> String {
        let word = format!("{:7}", self.word());
        match self {
            Self::Ok | Self::Note => word.green().bold().to_string(),
            Self::Warning => word.yellow().bold().to_string(),
            Self::Error => word.red().bold().to_string(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} {:18} {}",
            self.level.painted(),
            self.check,
            self.message
        )?;
        match &self.help {
            Some(help) => writeln!(f, "{:26} {}: {help}", "", "help".cyan().bold()),
            None => Ok(()),
        }
    }
}
