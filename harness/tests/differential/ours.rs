//! The bodies under this harness.

use std::fmt;
use std::path::PathBuf;
use std::process::{ExitCode, Termination};
use std::rc::Rc;
use std::task::{Context, Waker};

use libtest_async::{Arguments, Failed, Trial};

use crate::yielding::yield_now;

/// Names the binary and the mode that a child process is to have.
pub(crate) const VARIABLE: &str = "LIBTEST_ASYNC_CASES";

/// How the bodies are run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// As functions, each on a thread.
    Sync,
    /// As futures, each on a thread.
    Async,
    /// As futures that are not `Send`, each on a thread with a runtime of its own.
    Runtime,
    /// As functions, in worker processes.
    Isolated,
    /// As functions, on threads that stay.
    Reused,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sync => "sync",
            Self::Async => "async",
            Self::Runtime => "runtime",
            Self::Isolated => "isolated",
            Self::Reused => "reused",
        })
    }
}

/// Returns the program and the variable that make it run the bodies of `binary`.
pub(crate) fn program(binary: &str, mode: Mode) -> (PathBuf, (&'static str, String)) {
    (
        std::env::current_exe().unwrap(),
        (VARIABLE, format!("{binary}:{mode}")),
    )
}

/// Runs the bodies if this process is to do so.
pub(crate) fn run_as_child() -> Option<ExitCode> {
    let value = std::env::var(VARIABLE).ok()?;
    let (binary, mode) = value.split_once(':')?;
    let mode = [Mode::Async, Mode::Runtime, Mode::Isolated, Mode::Reused]
        .into_iter()
        .find(|known| known.to_string() == mode);
    let mode = mode.unwrap_or(Mode::Sync);
    let mut args = Arguments::from_args();
    let trials = bodies(binary).into_iter().map(|body| body(mode)).collect();
    let conclusion = match mode {
        Mode::Sync | Mode::Async | Mode::Runtime => libtest_async::run(&args, trials),
        Mode::Isolated => {
            args.isolate = true;
            libtest_async::run(&args, trials)
        }
        Mode::Reused => {
            args.reuse_threads = true;
            libtest_async::run(&args, trials)
        }
    };
    Some(conclusion.exit_code())
}

/// Makes a trial of a body.
type Body = Box<dyn FnOnce(Mode) -> Trial>;

fn bodies(binary: &str) -> Vec<Body> {
    match binary {
        "sample" => sample::bodies(),
        "passing" => passing::bodies(),
        "empty" => empty::bodies(),
        "noisy" => noisy::bodies(),
        "exits" => exits::bodies(),
        other => panic!("there are no bodies of {other}"),
    }
}

/// Makes a test of a function, as `#[test]` would.
fn test<T: Termination + 'static>(
    path: &'static str,
    body: fn() -> T,
    adapt: fn(Trial) -> Trial,
) -> Body {
    // The path starts with this crate, this module, and the name of the binary.
    let name = path.splitn(4, "::").last().unwrap_or(path);
    Box::new(move |mode| {
        adapt(match mode {
            Mode::Sync | Mode::Isolated | Mode::Reused => Trial::test(name, move || report(body())),
            Mode::Async => Trial::async_test(name, async move {
                yield_now().await;
                report(body())
            }),
            Mode::Runtime => Trial::local_async_test(name, move || async move {
                let not_send = Rc::new(body);
                yield_now().await;
                report(not_send())
            })
            .with_block_on(poll),
        })
        .with_source_span("tests/body.rs", (1, 2), (3, 4))
    })
}

/// The smallest runtime: polls a future, which wakes itself, until it is through.
fn poll(mut future: libtest_async::TestFuture) {
    let mut cx = Context::from_waker(Waker::noop());
    while future.as_mut().poll(&mut cx).is_pending() {}
}

/// Prints an error as `#[test]` does; only success and failure come out.
fn report(result: impl Termination) -> Result<(), Failed> {
    let code = format!("{:?}", result.report());
    if code == format!("{:?}", ExitCode::SUCCESS) {
        Ok(())
    } else {
        Err(Failed::without_message())
    }
}

/// Turns functions into what makes trials of them.
macro_rules! suite {
    (@items [$($made:tt)*]) => {
        pub(super) fn bodies() -> Vec<crate::ours::Body> {
            let made: Vec<Vec<crate::ours::Body>> = vec![$($made)*];
            made.into_iter().flatten().collect()
        }
    };
    (@items [$($made:tt)*] mod $name:ident { $($inner:tt)* } $($rest:tt)*) => {
        mod $name {
            suite! { $($inner)* }
        }
        suite! { @items [$($made)* $name::bodies(),] $($rest)* }
    };
    (@items [$($made:tt)*] $(#[$($attribute:tt)*])* fn $name:ident() $(-> $returned:ty)? $body:block
        $($rest:tt)*) => {
        fn $name() $(-> $returned)? $body
        suite! {
            @items [$($made)* vec![crate::ours::test(
                concat!(module_path!(), "::", stringify!($name)),
                $name,
                |trial| suite!(@attributes (trial) $([$($attribute)*])*),
            )],] $($rest)*
        }
    };
    (@attributes ($trial:expr)) => { $trial };
    (@attributes ($trial:expr) [ignore] $($rest:tt)*) => {
        suite!(@attributes ($trial.with_ignored_flag(true)) $($rest)*)
    };
    (@attributes ($trial:expr) [ignore = $why:literal] $($rest:tt)*) => {
        suite!(@attributes ($trial.with_ignored_reason($why)) $($rest)*)
    };
    (@attributes ($trial:expr) [should_panic] $($rest:tt)*) => {
        suite!(@attributes ($trial.with_should_panic(None::<&str>)) $($rest)*)
    };
    (@attributes ($trial:expr) [should_panic = $expected:literal] $($rest:tt)*) => {
        suite!(@attributes ($trial.with_should_panic(Some($expected))) $($rest)*)
    };
    (@attributes ($trial:expr) [should_panic(expected = $expected:literal)] $($rest:tt)*) => {
        suite!(@attributes ($trial.with_should_panic(Some($expected))) $($rest)*)
    };
    ($($items:tt)*) => { suite! { @items [] $($items)* } };
}

mod sample {
    include!("cases/bodies/sample.rs");
}

mod passing {
    include!("cases/bodies/passing.rs");
}

mod empty {
    include!("cases/bodies/empty.rs");
}

mod noisy {
    include!("cases/bodies/noisy.rs");
}

mod exits {
    include!("cases/bodies/exits.rs");
}
