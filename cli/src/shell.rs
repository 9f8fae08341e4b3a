//! Status lines, warnings and errors on standard error, in cargo's style.
//!
//! Write errors are ignored: the work that a line reports has been done by then.

use std::env;
use std::error::Error;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use colored::{Colorize, control};

use crate::cli::{Color, Output};

/// Prints status lines, warnings and errors.
#[derive(Debug)]
pub(crate) struct Shell {
    quiet: bool,
    verbose: u8,
}

impl Shell {
    /// Reads verbosity from the flags and from cargo's variables, and decides whether colours are used.
    pub(crate) fn new(output: &Output) -> Self {
        control::set_override(uses_color(
            output.color,
            |name| env::var(name).ok(),
            io::stderr().is_terminal(),
        ));
        Self {
            quiet: output.quiet || is_set("CARGO_TERM_QUIET"),
            verbose: output.verbose.max(u8::from(is_set("CARGO_TERM_VERBOSE"))),
        }
    }

    /// Whether `-q` was given.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Whether `-v` was given.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// Prints a line that begins with a verb, right-aligned in 12 columns.
    pub(crate) fn status(&self, verb: &str, message: impl Display) {
        if !self.quiet {
            line(&format!("{:>12} {message}", verb).replacen(
                verb,
                &verb.green().bold().to_string(),
                1,
            ));
        }
    }

    /// Prints a hint.
    pub(crate) fn note(&self, message: impl Display) {
        if !self.quiet {
            line(&format!("{}: {message}", "note".green().bold()));
        }
    }

    /// Prints a warning.
    pub(crate) fn warn(&self, message: impl Display) {
        line(&format!("{}: {message}", "warning".yellow().bold()));
    }

    /// Prints a problem of the user's project, which is no failure of this program.
    pub(crate) fn problem(&self, message: impl Display) {
        line(&format!("{}: {message}", "error".red().bold()));
    }

    /// Prints an error and its causes.
    pub(crate) fn error(&self, error: &dyn Error) {
        line(&format!("{}: {error}", "error".red().bold()));
        let mut source = error.source();
        if source.is_some() {
            line("\nCaused by:");
        }
        while let Some(cause) = source {
            for text in cause.to_string().lines() {
                line(format!("  {text}").trim_end());
            }
            source = cause.source();
        }
    }
}

fn line(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

fn is_set(name: &str) -> bool {
    env::var(name).is_ok_and(|value| value == "true" || value == "1")
}

/// Decides by the flag, else by `CARGO_TERM_COLOR`, else by `NO_COLOR` and `CLICOLOR_FORCE`, else by whether standard
/// error is a terminal.
fn uses_color(
    flag: Option<Color>,
    variable: impl Fn(&str) -> Option<String>,
    is_terminal: bool,
) -> bool {
    let by_cargo = variable("CARGO_TERM_COLOR");
    let is_on = |name| variable(name).is_some_and(|value| !value.is_empty() && value != "0");
    match (flag, by_cargo.as_deref()) {
        (Some(Color::Always), _) | (None, Some("always")) => true,
        (Some(Color::Never), _) | (None, Some("never")) => false,
        _ if variable("NO_COLOR").is_some_and(|value| !value.is_empty()) => false,
        _ if is_on("CLICOLOR_FORCE") => true,
        _ => is_terminal,
    }
}

#[cfg(test)]
mod tests {
    use super::uses_color;
    use crate::cli::Color;

    fn with(flag: Option<Color>, variables: &[(&str, &str)], is_terminal: bool) -> bool {
        let value = |name: &str| {
            let known = variables.iter().find(|(known, _)| *known == name);
            known.map(|(_, value)| (*value).to_owned())
        };
        uses_color(flag, value, is_terminal)
    }

    #[test]
    fn the_terminal_decides_when_nobody_else_does() {
        assert!(with(None, &[], true));
        assert!(!with(None, &[], false));
        assert!(with(Some(Color::Auto), &[], true));
    }

    #[test]
    fn the_flag_goes_first() {
        assert!(with(Some(Color::Always), &[("NO_COLOR", "1")], false));
        assert!(!with(
            Some(Color::Never),
            &[("CARGO_TERM_COLOR", "always")],
            true
        ));
    }

    #[test]
    fn variables_are_honoured() {
        assert!(with(
            None,
            &[("CARGO_TERM_COLOR", "always"), ("NO_COLOR", "1")],
            false
        ));
        assert!(!with(None, &[("CARGO_TERM_COLOR", "never")], true));
        assert!(!with(None, &[("NO_COLOR", "1")], true));
        assert!(with(None, &[("NO_COLOR", "")], true));
        assert!(with(None, &[("CLICOLOR_FORCE", "1")], false));
    }
}
