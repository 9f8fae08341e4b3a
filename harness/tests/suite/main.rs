//! Runs the harness in child processes of this very binary and looks at what they print.

#![expect(clippy::unwrap_used, reason = "this is a test")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the fixtures print"
)]

/// Names the tests of a module. Those after `unix:` need what only Unix has: captured output, workers, signals,
/// descriptors, or programs such as `sh`.
macro_rules! tests {
    ($($name:ident),* $(,)? $(; unix: $($unix:ident),* $(,)?)?) => {
        pub(crate) const TESTS: &[crate::Test] = &[
            $(crate::Test {
                path: concat!(module_path!(), "::", stringify!($name)),
                body: $name,
                is_for_unix: false,
            },)*
            $($(crate::Test {
                path: concat!(module_path!(), "::", stringify!($unix)),
                body: $unix,
                is_for_unix: true,
            },)*)?
        ];
    };
}
use tests;

mod capture;
mod child;
mod exit;
mod files;
mod fixtures;
mod hostile;
mod isolate;
mod junit;
mod locks;
mod mimic;
mod per_module;
mod per_test;
mod retry;
mod reuse;
mod runs;
mod runtime;
mod selected;
mod shared;
#[cfg(unix)]
mod signal;
#[cfg(not(unix))]
#[path = "none.rs"]
mod signal;
#[cfg(unix)]
mod sockets;
#[cfg(not(unix))]
#[path = "none.rs"]
mod sockets;
mod stdout;
mod stop;
mod yielding;

use std::process::ExitCode;
use std::time::Duration;

use libtest_async::{Arguments, Trial};

libtest_async::capture!();

/// No test takes longer than this, whatever its child processes do.
const LIMIT: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    if let Some(code) = fixtures::run_as_child() {
        return code;
    }
    let args = Arguments::from_args();
    // Elsewhere only the texts of panics are captured.
    let is_captured = libtest_async::capture::is_complete();
    let captures = [capture::TESTS, locks::TESTS, signal::TESTS].concat();
    let captures = captures.into_iter().map(trial);
    let others = [
        exit::TESTS,
        files::TESTS,
        hostile::TESTS,
        isolate::TESTS,
        junit::TESTS,
        mimic::TESTS,
        per_module::TESTS,
        per_test::TESTS,
        retry::TESTS,
        reuse::TESTS,
        runs::TESTS,
        runtime::TESTS,
        selected::TESTS,
        sockets::TESTS,
        stdout::TESTS,
        shared::TESTS,
        stop::TESTS,
    ];
    let trials = captures
        .map(|trial| trial.with_ignored_flag(!is_captured))
        .chain(others.concat().into_iter().map(trial))
        .map(|trial| trial.with_timeout(LIMIT));
    libtest_async::run(&args, trials.collect()).exit_code()
}

/// A test of a module.
#[derive(Clone, Copy)]
struct Test {
    /// Its name, with that of this binary in front.
    path: &'static str,
    body: fn(),
    is_for_unix: bool,
}

fn trial(test: Test) -> Trial {
    let name = test.path.split_once("::");
    let name = name.map_or(test.path, |(_, name)| name);
    let trial = Trial::test(name, move || {
        (test.body)();
        Ok(())
    });
    match test.is_for_unix && !cfg!(unix) {
        true => trial.with_ignored_reason("only Unix has what it needs"),
        false => trial,
    }
}
