//! What a check finds.

use std::fmt;

use colored::Colorize;
use serde_json::{Value, json};

/// How bad it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// Worth knowing.
    Note,
    /// In the way of some.
    Warning,
    /// In the way of all.
    Error,
}

/// The result of a check.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Finding {
    /// The check.
    pub(super) check: &'static str,
    /// How bad it is.
    pub(super) level: Level,
    /// What is found, and where it comes from.
    pub(super) message: String,
    /// What to do.
    pub(super) help: Option<String>,
}

impl Finding {
    /// All is well.
    pub(super) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self {
            check,
            level: Level::Ok,
            message: message.into(),
            help: None,
        }
    }

    /// Something is not as it might be.
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

    /// For machines.
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
