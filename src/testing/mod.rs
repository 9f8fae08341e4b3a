//! Tests in Rust that await Python, and the other way round, run by `cargo test`.
//!
//! Python's event loop has the main thread of the test binary, as in a Python program, and each test a thread of its own,
//! on which that loop is the current one. The future of an async test is polled on that thread only, by the runtime that
//! `#[tokio::test]` would create, or by the `block_on` of async-std or smol. The command line, the output and the exit code
//! are those of libtest. `docs/tests.md` is the guide for people who know `#[tokio::test]` and pytest.
//!
//! A test binary is a `[[test]]` target with `harness = false`:
//!
//! ```no_run
//! use pyo3::prelude::*;
//!
//! # #[cfg(feature = "tokio-runtime")]
//! #[pyo3_aio::tokio::test]
//! async fn sleeps_in_python() -> PyResult<()> {
//!     let sleep = Python::attach(|py| {
//!         let asyncio = py.import("asyncio")?;
//!         pyo3_aio::tokio::into_future(asyncio.call_method1("sleep", (0.1,))?)
//!     })?;
//!     sleep.await?;
//!     Ok(())
//! }
//!
//! pyo3_aio::testing::main!();
//! ```
//!
//! Python is chosen at run time, the first of these that exists and has the version that the tests were built for:
//! `PYO3_ASYNC_TEST_PYTHON` (an executable or a virtual environment), `VIRTUAL_ENV`, `CONDA_PREFIX`, the virtual
//! environment that pyo3 was built for, `.venv` or `venv` beside the manifest or above it up to the lock file, the
//! interpreter that pyo3 was built for. `--list`, an empty selection and a run of ignored tests only do not start
//! Python at all.
//!
//! # Output
//!
//! The output of a test in Rust and in Python is shown with that test, and so are Python's reports of errors that nobody
//! receives (`sys.unraisablehook`, asyncio's exception handler). The Rust side needs `main!`. Threads and thread pools belong to
//! the test whose code started them. So does compiled code that a coroutine calls: `println!` in a `#[pyfunction]`, and the
//! text of a panic there. Not captured are the subprocesses of coroutines, and on uvloop the text that coroutines write
//! past `sys.stdout` and `sys.stderr`.
//!
//! If a test sets `sys.stdout` or `sys.stderr`, the stream is restored at its end, with a note, as in pytest. While other tests
//! run, the stream may be theirs, and is restored when a test ends beside which no other runs. Text that cannot be encoded is
//! handled by the stream's error handler (`PYTHONIOENCODING`).
//!
//! # Leaks
//!
//! The output of a test that did not panic notes tasks that are pending for more than a few iterations of the loop after its
//! end. Python warns there of coroutines that were never awaited, when it collects them. With `--leak-check` the tasks get
//! half a second, and a test that leaves either behind fails.
//!
//! # How a run ends
//!
//! Ctrl-C reports the tests that ran, and drops the async tests that are under way. A `SystemExit` of a coroutine fails its
//! test only, and so does a `KeyboardInterrupt` that is not Ctrl-C. If another callback raises one (`loop.call_soon`), the test
//! that scheduled the callback fails. If that test has ended, or on uvloop, where it is not known, the run fails at its end.
//! The process ends within five seconds after the report, also if tests that were given up hold Python's lock.
//! `--loop uvloop` chooses the event loop.
//!
//! # Set-up, tear-down and shared values
//!
//! [`main!`] takes async functions that run before the first test and after the last one; [`Shared`] is a value that the
//! first test opens and that is closed after the last one, as pytest's session fixtures; [`PerTest`] is one that each test
//! has for itself, and [`PerModule`] one that the tests of a module share.
//!
//! # Unit tests, debuggers
//!
//! With `[lib] harness = false` and `#[cfg(test)] pyo3_aio::testing::main!();` in `lib.rs` the unit tests of a library
//! run in the same way. rustc then removes plain `#[test]` functions of that library; a run counts those that it finds in the
//! source files of the target, at its end on standard error. `docs/unit-tests.md` describes the steps.
//!
//! A test binary that is started without cargo, by a debugger for example, needs `LD_LIBRARY_PATH` (on macOS
//! `DYLD_FALLBACK_LIBRARY_PATH`) set to the folder of libpython, which cargo and nextest do by themselves;
//! `docs/debuggers.md` has recipes.

// The rooms, lowest first; a room uses only rooms that stand before it:
// `source_file`, `interpreter`, `python`, `runtimes`, `session`, `test`, `unregistered_tests`, `run`, and on top the doors
// `runtime_modules` and `entry`.
#[doc(hidden)]
pub mod entry;
mod interpreter;
mod python;
mod run;
#[cfg(any(
    feature = "tokio-runtime",
    feature = "async-std-runtime",
    feature = "smol-runtime"
))]
mod runtime_modules;
mod runtimes;
mod session;
mod source_file;
mod test;
mod unregistered_tests;

#[doc(inline)]
pub use crate::__testing_main as main;
#[doc(inline)]
pub use crate::__testing_python_module as python_module;
#[doc(inline)]
pub use crate::__testing_skip as skip;
pub use run::args::{Args, parse_args};
pub use run::running_loop::{main, test_harness};
#[cfg(feature = "async-std-runtime")]
pub use runtime_modules::async_std;
#[cfg(feature = "smol-runtime")]
pub use runtime_modules::smol;
#[cfg(feature = "tokio-runtime")]
pub use runtime_modules::tokio;
pub use session::per_module::PerModule;
pub use session::per_test::PerTest;
pub use session::shared::Shared;
pub use test::fixtures::event_loop;
pub use test::test::Test;

/// Items that the expansions of attributes and macros use. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use inventory;
    pub use libtest_async;
    pub use pyo3;

    pub use super::run::hooks::Hooks;
    pub use super::run::test_binary::run_registered;
    #[cfg(feature = "async-std-runtime")]
    pub use super::runtimes::test_runtime::ASYNC_STD;
    #[cfg(feature = "smol-runtime")]
    pub use super::runtimes::test_runtime::SMOL;
    #[cfg(feature = "tokio-runtime")]
    pub use super::runtimes::test_runtime::TOKIO;
    pub use super::source_file::SourceFile;
    pub use super::test::fixtures::load_module;
    pub use super::test::generator::{GeneratorOutput, GeneratorRegistration, generated};
    pub use super::test::registration::TestRegistration;
    pub use super::test::skip::skip;
    pub use super::test::test::TestBody;
    pub use super::test::test_output::{TestOutput, erase, outcome};
    pub use super::test::without_await::expect_ready;
    pub use crate::__testing_a_test_is_a_free_function as a_test_is_a_free_function;
}
