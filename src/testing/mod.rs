//! Tests in Rust that await Python, and the other way round, run by `cargo test`.
//!
//! Python's event loop has the main thread of the test binary, as in a Python program, and each test a thread of its own,
//! where it finds that loop. The future of an async test is polled there and nowhere else, by the runtime that
//! `#[tokio::test]` would make, or by the `block_on` of async-std or smol. The command line, the output and the exit code
//! are those of libtest. `docs/tests.md` says all of it to somebody who knows `#[tokio::test]` and pytest.
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
//! What a test prints in Rust and in Python, and what Python says of errors that nobody receives, is shown with that
//! test; `main!` is needed for the Rust side. Threads and thread pools work for the test whose code started them, and so
//! does compiled code that a coroutine calls: `println!` in a `#[pyfunction]`, and the text of a panic there. What passes
//! by is what subprocesses of coroutines print, and on uvloop what coroutines write past `sys.stdout` and `sys.stderr`.
//!
//! What a test puts in the place of `sys.stdout` or `sys.stderr` is taken away at its end, with a note, as pytest does.
//! Where other tests run at that moment it may be theirs: then it stays until a test ends as the last one that runs.
//! Text that cannot be encoded is dealt with as the stream would (`PYTHONIOENCODING`).
//!
//! The output also notes tasks that a test, unless it panicked, leaves pending for more than a few turns of its loop;
//! and Python warns there of coroutines that nobody awaited, as it collects them. `--leak-check` looks for both, gives
//! tasks half a second, and fails such tests. `--loop uvloop` chooses the event loop. Ctrl-C reports what ran, and drops
//! the async tests that are under way; a `SystemExit` of a coroutine fails its test only, and so does a
//! `KeyboardInterrupt` that is not Ctrl-C. Those of other callbacks (`loop.call_soon`) fail the test that scheduled them;
//! if it has ended, or on uvloop, which does not tell of it, they fail the run at its end. Whatever tests keep that were given up, Python's lock for example, the process
//! ends within five seconds after the report.
//!
//! [`main!`] takes async functions that run before the first test and after the last one; [`Shared`] is a value that the
//! first test opens and that is closed after the last one, as pytest's session fixtures.
//!
//! With `[lib] harness = false` and `#[cfg(test)] pyo3_aio::testing::main!();` in `lib.rs` the unit tests of a library
//! run in the same way; plain `#[test]` functions of that library then vanish. `docs/unit-tests.md` has more of it. A
//! run counts such functions at its end, on standard error, where it finds them in the source files of the target.
//!
//! A test binary that is started by hand, by a debugger for example, needs `LD_LIBRARY_PATH` (on macOS
//! `DYLD_FALLBACK_LIBRARY_PATH`) set to the folder of libpython, which cargo and nextest do by themselves;
//! `docs/debuggers.md` has recipes.

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
pub use session::shared::Shared;
pub use test::fixtures::event_loop;
pub use test::test::Test;

/// What the attributes and macros expand to. Not for use by hand.
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
    pub use super::test::registration::TestRegistration;
    pub use super::test::skip::skip;
    pub use super::test::test::Body;
    pub use super::test::test_output::{TestOutput, erase, outcome};
    pub use super::test::without_await::ready;
    pub use crate::__testing_a_test_is_a_free_function as a_test_is_a_free_function;
}
