//! The results of checks.

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
    /// The files, variables and commands that the check is based on.
    pub(super) sources: Option<String>,
}

impl Finding {
    /// A check that finds no problem.
    pub(super) fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self {
            check,
            level: Level::Ok,
            message: message.into(),
            help: None,
            sources: None,
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
            sources: None,
        }
    }

    /// Names the files, variables and commands that the check is based on.
    pub(super) fn with_sources(mut self, sources: impl Into<String>) -> Self {
        self.sources = Some(sources.into());
        self
    }

    /// Returns the finding as `--format json` prints it.
    pub(super) fn to_json(&self, is_verbose: bool) -> Value {
        let mut object = json!({
            "check": self.check,
            "level": self.level.word(),
            "message": self.message,
            "help": self.help,
        });
        if is_verbose {
            object["sources"] = json!(self.sources);
        }
        object
    }

    /// Returns the finding as text.
    pub(super) fn to_lines(&self, is_verbose: bool) -> String {
        let (level, check, message) = (self.level.painted(), self.check, &self.message);
        let mut lines = format!("{level} {check:18} {message}\n");
        let help = self.help.as_ref().map(|help| ("help", help));
        let sources = self.sources.as_ref().filter(|_| is_verbose);
        let more = help
            .into_iter()
            .chain(sources.map(|sources| ("from", sources)));
        for (word, text) in more {
            lines += &format!("{:26} {}: {text}\n", "", word.cyan().bold());
        }
        lines
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
