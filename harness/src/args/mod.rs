//! The command line.

mod error;
mod options;
mod parse;
mod shard;
mod tag_filter;
mod time_limits;

use std::ffi::OsString;
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::process;
use std::time::Duration;

pub use self::error::ArgumentError;
pub use self::shard::Shard;
pub(crate) use self::tag_filter::is_tag;
pub use self::tag_filter::{TagFilter, TagFilterError};
pub(crate) use self::time_limits::TimeLimits;

use crate::process::{FAILURE, is_worker};

/// Exit code of a process that Ctrl-C ended.
pub(crate) const INTERRUPTED: i32 = 130;

/// Holds the command line arguments of one run.
///
/// The fields carry libtest-mimic's names, but for [`filters`](Self::filters), of which there may
/// be several. [`Arguments::default`] is the empty command line. Fields may be added in any version: end a literal
/// with `..Arguments::default()`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arguments {
    /// Runs ignored and other tests (`--include-ignored`).
    pub include_ignored: bool,
    /// Runs ignored tests only (`--ignored`).
    pub ignored: bool,
    /// Runs tests also when [`bench`](Self::bench) is set (`--test`).
    pub test: bool,
    /// Measures benchmarks; tests count as ignored unless [`test`](Self::test) is set (`--bench`).
    pub bench: bool,
    /// Lists the selected tests and runs none (`--list`).
    pub list: bool,
    /// Does not capture the output of tests (`--nocapture`, `--no-capture`, `RUST_TEST_NOCAPTURE`).
    pub nocapture: bool,
    /// Shows the captured output of passing tests at the end (`--show-output`).
    pub show_output: bool,
    /// The argument of `-Z`. It is accepted and only opens the `RUST_TEST_SHUFFLE` variables.
    pub unstable_flags: Option<UnstableFlags>,
    /// Compares filters and skips with whole names (`--exact`).
    pub exact: bool,
    /// Prints a character a test, unless [`format`](Self::format) says otherwise (`-q`).
    pub quiet: bool,
    /// How many tests run at once (`--test-threads`). If unset, [`run`] decides.
    ///
    /// [`run`]: crate::run()
    pub test_threads: Option<usize>,
    /// A further file that gets a line a test (`--logfile`).
    pub logfile: Option<String>,
    /// Names, or parts of names, of tests to leave out (`--skip`).
    pub skip: Vec<String>,
    /// Whether to colour the output (`--color`).
    pub color: Option<ColorSetting>,
    /// How to report (`--format`).
    pub format: Option<FormatSetting>,
    /// Names, or parts of names, of the tests to run; all of them if empty.
    pub filters: Vec<String>,
    /// Leaves out tests that should panic (`--exclude-should-panic`).
    pub exclude_should_panic: bool,
    /// Accepted for libtest's sake; tests run in this process anyway (`--force-run-in-process`).
    pub force_run_in_process: bool,
    /// Starts no test after the first failure (`--fail-fast`).
    pub fail_fast: bool,
    /// Shows how long each test took (`--report-time`).
    pub report_time: bool,
    /// Fails tests that exceed the limits of `RUST_TEST_TIME_*` (`--ensure-time`).
    pub ensure_time: bool,
    /// Runs tests in random order (`--shuffle`).
    pub shuffle: bool,
    /// Runs only the tests that failed when they last ran, or all of them if none did
    /// (`--last-failed`). The record lies beside the test binary, as `.NAME-HASH.last-failed`, or in the
    /// folder that the variable `LIBTEST_ASYNC_STATE_DIR` names.
    pub last_failed: bool,
    /// Runs a test that fails so many times more (`--retries`); one that then passes counts as
    /// passed. Tests that can run once only are retried with [`isolate`](Self::isolate).
    pub retries: Option<u32>,
    /// Fails a test that passes after having failed (`--fail-on-flaky`).
    pub fail_on_flaky: bool,
    /// Starts no test after this many failures (`--maxfail`).
    pub max_failures: Option<u64>,
    /// Writes a JUnit document to this file, if it ends in `.xml`, or else to a file in this folder
    /// that is named after the package and the test binary (`--junit`).
    pub junit: Option<PathBuf>,
    /// Lists so many of the slowest tests at the end (`--durations`).
    pub durations: Option<usize>,
    /// How long a test may take (`--timeout`); see [`Trial::with_timeout`](crate::Trial::with_timeout).
    pub timeout: Option<Duration>,
    /// Runs tests in worker processes, one at a time in each (`--isolate`).
    ///
    /// A test that aborts, exits or crashes then fails alone, with the output that it made. This
    /// is for Unix; a run elsewhere fails. Under cargo-nextest, which has a process for each test
    /// anyway, it changes nothing.
    pub isolate: bool,
    /// Runs tests on threads that stay, as many as run at once, instead of on one each
    /// (`--reuse-threads`).
    ///
    /// A test then costs a few microseconds instead of some fifty. But it finds what those before
    /// it left in thread-local variables, and `thread::current().name()` is not its name; panics
    /// name it all the same.
    pub reuse_threads: bool,
    /// Runs tests in the order that this seed gives (`--shuffle-seed`).
    pub shuffle_seed: Option<u64>,
    /// Runs only the tests whose tags match this expression (`--tag`).
    ///
    /// A tag that no test has is an error. It is none in the variable `LIBTEST_ASYNC_TAG`, which stands for the option
    /// where that is not given: cargo-nextest hands the variable, but no option, to all test binaries.
    pub tag: Option<TagFilter>,
    /// Runs only the tests of one of several parts, for runs on several machines (`--shard`). cargo-nextest has
    /// `--partition` for this.
    pub shard: Option<Shard>,
    /// Runs the tests that failed when they last ran before the others (`--failed-first`). The record is that of
    /// [`last_failed`](Self::last_failed).
    pub failed_first: bool,
}

/// Says when to colour the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ColorSetting {
    /// When standard output is a terminal and output is captured.
    #[default]
    Auto,
    /// Whenever the terminal description of `TERM` says how.
    Always,
    /// Not at all.
    Never,
}

/// Names a way to report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatSetting {
    /// A line a test.
    #[default]
    Pretty,
    /// A character a test.
    Terse,
    /// A JSON object a line, and on Unix nothing else on standard output while tests run: what is
    /// printed there and not captured goes to standard error.
    Json,
    /// A JUnit document, alone on standard output like [`Json`](Self::Json).
    Junit,
}

/// Holds what may stand behind `-Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnstableFlags {
    /// `-Z unstable-options`.
    UnstableOptions,
}

impl Arguments {
    /// Parses the arguments of this process.
    ///
    /// After an error it prints `error: ...` to standard error and exits with code 101, as libtest
    /// does. After `--help` it prints the help text and exits with code 0.
    pub fn from_args() -> Self {
        Self::from_iter(std::env::args_os())
    }

    /// Parses `arguments`, the first of which is the name of the program, like
    /// [`from_args`](Self::from_args).
    #[expect(
        clippy::should_implement_trait,
        reason = "libtest-mimic's name; it exits the process on errors, which no FromIterator may"
    )]
    pub fn from_iter<I>(arguments: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<OsString> + Clone,
    {
        match Self::parse(arguments) {
            Ok(parsed) => {
                parsed.warn();
                parsed
            }
            Err(error) => exit_with(&error),
        }
    }

    /// Parses `arguments`, the first of which is the name of the program.
    ///
    /// # Errors
    ///
    /// Returns libtest's message for what it would refuse, and [`ArgumentError::Help`] when help
    /// was asked for.
    ///
    /// # Panics
    ///
    /// Panics, as libtest does, if one of the variables `RUST_TEST_TIME_*` and `RUST_TEST_SHUFFLE_SEED` is
    /// used and malformed.
    ///
    /// ```
    /// use libtest_async::Arguments;
    ///
    /// let args = Arguments::parse(["suite", "--exact", "a::b", "c"]).unwrap();
    /// assert!(args.exact);
    /// assert_eq!(args.filters, ["a::b", "c"]);
    /// assert!(Arguments::parse(["suite", "--test-threads=0"]).is_err());
    /// ```
    pub fn parse<I>(arguments: I) -> Result<Self, ArgumentError>
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        parse::parse(arguments.into_iter().map(Into::into).collect(), |name| {
            std::env::var(name).ok()
        })
    }

    /// Returns the format in force.
    pub(crate) fn effective_format(&self) -> FormatSetting {
        match self.format {
            Some(format) => format,
            None if self.quiet => FormatSetting::Terse,
            None => FormatSetting::Pretty,
        }
    }

    fn warn(&self) {
        if self.logfile.is_some() && !is_worker() {
            let _ = io::stderr().write_all(b"warning: `--logfile` is deprecated");
        }
    }
}

fn exit_with(error: &ArgumentError) -> ! {
    if let ArgumentError::Help(text) = error {
        exit_with_help(text);
    }
    let _ = writeln!(io::stderr(), "error: {error}");
    process::exit(FAILURE);
}

/// A reader that has gone needs no message.
fn exit_with_help(text: &str) -> ! {
    let Err(error) = io::stdout().write_all(text.as_bytes()) else {
        process::exit(0);
    };
    if error.kind() != ErrorKind::BrokenPipe {
        let _ = writeln!(
            io::stderr(),
            "error: the help text cannot be printed: {error}"
        );
    }
    process::exit(FAILURE);
}
