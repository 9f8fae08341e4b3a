//! The entry point that the `#[main]` attributes expand to: from the start of Python to the exit status.
//!
//! With feature `testing` the attributes find `testing/entry.rs` under this name. Not for use by hand.

use std::any::Any;
use std::fmt::{self, Debug};
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::{PyKeyboardInterrupt, PySystemExit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyInt;

use crate::program;
use crate::runtime::{ContextExt, Runtime};

/// Runs the main function of a program under asyncio, and returns the exit status of the process.
///
/// Python is started first, unless it runs already, and `prepare` is called next: it sets the runtime up, and may start
/// threads. `SystemExit` and uncaught exceptions do what they do in Python. At the end Python's `atexit` functions have
/// run and its standard streams are flushed; the interpreter is not finalised, because threads of Rust may still use it.
pub fn run<R, F>(prepare: impl FnOnce(), main: F) -> ExitCode
where
    R: Runtime + ContextExt,
    F: Future<Output: MainOutput> + Send + 'static,
{
    Python::initialize();
    prepare();
    TAKES_EXITS.store(true, Ordering::Relaxed);
    Python::attach(|py| {
        let end = program::run::run::<R, _, _>(py, async { Ok(main.await.into_end()) });
        let status = report(py, end.unwrap_or_else(MainEnd::Python));
        join_threads(py);
        run_exit_functions(py);
        ExitCode::from(status)
    })
}

/// The main function has an attribute, so that a `SystemExit` ends the process with its status.
static TAKES_EXITS: AtomicBool = AtomicBool::new(false);

/// Whether a `SystemExit` ends the process with its status. A main function without an attribute that returns a
/// `PyResult` would print it instead.
#[cfg(feature = "testing")]
pub(crate) fn takes_exits() -> bool {
    TAKES_EXITS.load(Ordering::Relaxed)
}

/// The return type of a main function: nothing, or a result without a value whose error can be debug-printed.
#[diagnostic::on_unimplemented(
    message = "the main function cannot return `{Self}`",
    label = "it returns nothing, `PyResult<()>` or `Result<(), E>` with `E: Debug + 'static`"
)]
pub trait MainOutput {
    /// Converts the value into the end of the program.
    #[doc(hidden)]
    fn into_end(self) -> MainEnd;
}

/// The end of a main function.
#[doc(hidden)]
#[derive(Debug)]
pub enum MainEnd {
    /// The function returned no error.
    Done,
    /// The function returned a Python exception, or was ended by one (Ctrl-C).
    Python(PyErr),
    /// The function returned another error, here in its debug form.
    Rust(String),
}

impl MainOutput for () {
    fn into_end(self) -> MainEnd {
        MainEnd::Done
    }
}

impl<E: Debug + 'static> MainOutput for Result<(), E> {
    fn into_end(self) -> MainEnd {
        let Err(error) = self else {
            return MainEnd::Done;
        };
        let mut error = Some(error);
        match (&mut error as &mut dyn Any)
            .downcast_mut::<Option<PyErr>>()
            .and_then(Option::take)
        {
            Some(exception) => MainEnd::Python(exception),
            None => MainEnd::Rust(format!(
                "{:?}",
                error.expect("only a Python exception is taken out")
            )),
        }
    }
}

/// Prints the error, if there is one, and returns the exit status.
fn report(py: Python<'_>, end: MainEnd) -> u8 {
    match end {
        MainEnd::Done => 0,
        MainEnd::Python(exception) if exception.is_instance_of::<PySystemExit>(py) => {
            exit_status(py, &exception)
        }
        MainEnd::Python(exception) => {
            // Python kills itself with SIGINT (`exit_sigint` in CPython's Modules/main.c), which shells show as 130.
            let interrupted = exception.is_instance_of::<PyKeyboardInterrupt>(py);
            exception.print(py);
            if interrupted { 130 } else { 1 }
        }
        MainEnd::Rust(error) => {
            print(format_args!("Error: {error}"));
            1
        }
    }
}

/// Returns the status of a `SystemExit`, as `_Py_HandleSystemExit` of CPython does: 0 for None, a number itself, and 1 for
/// anything else, which is printed.
fn exit_status(py: Python<'_>, exception: &PyErr) -> u8 {
    let code = exception.value(py).getattr(intern!(py, "code"));
    match code {
        Ok(code) if code.is_none() => 0,
        Ok(code) => match code.cast::<PyInt>() {
            // The operating system keeps the lowest eight bits.
            Ok(number) => number.extract::<i64>().map_or(1, |number| number as u8),
            Err(_) => {
                print(format_args!("{code}"));
                1
            }
        },
        Err(_) => 1,
    }
}

/// Prints a line to standard error. A standard error that is closed or full changes nothing, as with std's own report of
/// the error of a main function.
fn print(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Waits for Python's threads that are not daemons, as `Py_FinalizeEx` does (`threading._shutdown`).
fn join_threads(py: Python<'_>) {
    let joined = py
        .import("threading")
        .and_then(|threading| threading.call_method0("_shutdown"));
    if let Err(error) = joined {
        error.write_unraisable(py, None);
    }
}

/// Runs the functions that were registered with `atexit`, and flushes the standard streams.
pub(crate) fn run_exit_functions(py: Python<'_>) {
    let ran = py
        .import("atexit")
        .and_then(|atexit| atexit.call_method0("_run_exitfuncs"));
    if let Err(error) = ran {
        error.write_unraisable(py, None);
    }
    flush(py);
}

/// Flushes `sys.stdout` and `sys.stderr`: Python is not finalised, so nothing else writes their buffers out.
pub(crate) fn flush(py: Python<'_>) {
    for name in [intern!(py, "stdout"), intern!(py, "stderr")] {
        // A stream that is None or closed has nothing to flush.
        let _ = py
            .import(intern!(py, "sys"))
            .and_then(|sys| sys.getattr(name))
            .and_then(|stream| stream.call_method0(intern!(py, "flush")));
    }
}
