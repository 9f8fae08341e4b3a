//! Lines on stderr, as cargo prints them.
//!
//! A stream that cannot be written to is no reason to fail: what the lines tell has been done
//! by then. So every write error is dropped here.

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
    /// Decides once whether colours are used.
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

    /// Prints something that is worth knowing.
    pub(crate) fn note(&self, message: impl Display) {
        if !self.quiet {
            line(&format!("{}: {message}", "note".green().bold()));
        }
    }

    /// Prints what should be looked at.
    pub(crate) fn warn(&self, message: impl Display) {
        line(&format!("{}: {message}", "warning".yellow().bold()));
    }

    /// Prints what is found to be wrong, which is no failure of this program.
    pub(crate) fn problem(&self, message: impl Display) {
        line(&format!("{}: {message}", "error".red().bold()));
    }

    /// Prints an error and what caused it.
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

/// The flag goes before `CARGO_TERM_COLOR`, that before `NO_COLOR` and `CLICOLOR_FORCE`, and
/// all of them before the terminal.
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
