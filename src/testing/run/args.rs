//! The command line: libtest's options, and those about Python.

use std::env;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process;

use libtest_async::{ArgumentError, Arguments};

/// The text of `--help` after libtest's.
const HELP: &str = "
Python Options:
        --loop asyncio|uvloop
                        Event loop of the tests that name none. Where uvloop
                        is not installed they count as ignored.
        --leak-check    Run tests one at a time, and fail those that leave
                        pending tasks or coroutines that nobody awaited.
";

/// The arguments of a test binary: those of libtest, `--loop` and `--leak-check`.
///
/// The default selects every test.
#[derive(Debug, Clone, Default)]
pub struct Args {
    pub(crate) harness: Arguments,
    /// The name of the event loop for tests that name none.
    pub(crate) event_loop: Option<String>,
    /// Whether tests fail that leave tasks or coroutines behind.
    pub(crate) leak_check: bool,
}

/// Reads the arguments of the process.
///
/// `--help` prints the options and ends the process with 0; a wrong argument ends it with libtest's message and 101.
#[must_use]
pub fn parse_args() -> Args {
    let (own, others) = match take_python_options(env::args_os().collect()) {
        Ok(taken) => taken,
        Err(message) => exit(io::stderr(), &format!("error: {message}\n"), 101),
    };
    if let Err(ArgumentError::Help(text)) = Arguments::parse(others.clone()) {
        exit(io::stdout(), &format!("{}\n{HELP}", text.trim_end()), 0);
    }
    Args {
        harness: Arguments::from_iter(others),
        event_loop: own.event_loop,
        leak_check: own.leak_check,
    }
}

fn exit(mut stream: impl Write, text: &str, status: i32) -> ! {
    // An error means that the reader has closed the stream, as with `--help | head -1`.
    let _ = stream.write_all(text.as_bytes());
    process::exit(status)
}

/// The options about Python.
#[derive(Debug, Default, PartialEq, Eq)]
struct PythonOptions {
    event_loop: Option<String>,
    leak_check: bool,
}

/// Removes the options about Python from the arguments. Arguments after `--` are filters.
fn take_python_options(arguments: Vec<OsString>) -> Result<(PythonOptions, Vec<OsString>), String> {
    let (mut own, mut others) = (PythonOptions::default(), Vec::new());
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let text = argument.to_str().unwrap_or_default();
        let value = text.strip_prefix("--loop=").map(str::to_owned);
        match text {
            "--" => {
                others.push(argument);
                others.extend(arguments.by_ref());
            }
            "--leak-check" => own.leak_check = true,
            "--loop" => own.set_loop(value_of_loop(arguments.next())?)?,
            _ => match value {
                Some(value) => own.set_loop(value)?,
                None => others.push(argument),
            },
        }
    }
    Ok((own, others))
}

impl PythonOptions {
    fn set_loop(&mut self, name: String) -> Result<(), String> {
        match self.event_loop {
            Some(_) => Err("Option 'loop' given more than once".to_owned()),
            None => {
                self.event_loop = Some(known_loop(name)?);
                Ok(())
            }
        }
    }
}

fn value_of_loop(value: Option<OsString>) -> Result<String, String> {
    let value = value.ok_or_else(|| "Argument to option 'loop' missing".to_owned())?;
    Ok(value.to_string_lossy().into_owned())
}

fn known_loop(name: String) -> Result<String, String> {
    match name.as_str() {
        "asyncio" | "uvloop" => Ok(name),
        _ => Err(format!(
            "argument for --loop must be asyncio or uvloop (was {name})"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(arguments: &[&str]) -> Result<(Option<String>, Vec<OsString>), String> {
        let (own, others) = take_python_options(arguments.iter().map(OsString::from).collect())?;
        assert_eq!(own.leak_check, arguments.contains(&"--leak-check"));
        Ok((own.event_loop, others))
    }

    #[test]
    fn the_loop_is_taken_out_of_the_arguments_of_libtest() {
        let others = vec!["x".into(), "--exact".into(), "a".into()];
        let uvloop = Some("uvloop".to_owned());
        assert_eq!(take(&["x", "--exact", "a"]), Ok((None, others.clone())));
        assert_eq!(
            take(&["x", "--exact", "--loop", "uvloop", "a"]),
            Ok((uvloop.clone(), others.clone()))
        );
        assert_eq!(
            take(&["x", "--loop=uvloop", "--leak-check", "--exact", "a"]),
            Ok((uvloop, others))
        );
    }

    #[test]
    fn arguments_after_two_dashes_are_filters() {
        assert_eq!(
            take(&["x", "--", "--loop"]),
            Ok((None, vec!["x".into(), "--".into(), "--loop".into()]))
        );
    }

    #[test]
    fn a_loop_that_is_missing_unknown_or_given_twice_is_refused() {
        assert_eq!(
            take(&["x", "--loop"]),
            Err("Argument to option 'loop' missing".to_owned())
        );
        let message = "argument for --loop must be asyncio or uvloop (was trio)".to_owned();
        assert_eq!(take(&["x", "--loop", "trio"]), Err(message));
        let message = "Option 'loop' given more than once".to_owned();
        assert_eq!(
            take(&["x", "--loop=uvloop", "--loop=asyncio"]),
            Err(message)
        );
    }
}
