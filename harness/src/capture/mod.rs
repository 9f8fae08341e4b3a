//! The test that the current thread works for, and the capture of its output.
//!
//! While a test runs, or is polled, a thread-local variable points to its scope. The panic hook, which is installed
//! during every run, reads it; and so do, on Unix, the functions that [`capture!`](crate::capture!) defines in the test
//! binary: `write` and `writev`, which Rust code and libpython print through, and `pthread_create`, which passes
//! the scope on to threads that a test starts.
//!
//! These escape: child processes; C's own buffered output (`puts`); calls other than `write` and `writev` that
//! reach descriptor 1 or 2, such as `sendfile` and `splice`, which `std::io::copy` from a file uses, `pwrite`,
//! `dprintf` and io_uring; and threads and tasks that neither the test nor one of its threads started, for which there
//! are [`Context`] and [`inherit`]. Without `capture!` panic texts are captured and everything else passes through.
//!
//! Half a line (`print!`) stands in a buffer of std's, which all threads share, until its newline comes, or
//! the test panics or ends: then it is written, and shown with that test, after what the test has printed to
//! standard error meanwhile. Where tests run at once, one that prints or ends at that very moment may get
//! the half line of another. In the worker processes of `--isolate`, which run one test at a time, none does.

// The states of the capture, each in a table at the top of its file:
//
// | file | states of | changed by |
// | --- | --- | --- |
// | `scope.rs` | a test's output: open, closed; and the test that a thread works for | whoever reports the test; the thread itself |
// | `journal.rs`, `chunk.rs` | the text that a test has printed, and its memory | the threads of the test, whoever reports it |
// | `unix.rs` | a thread that a test starts; a write | the thread that starts it, and that thread; the writer |
// | `flush.rs` | std's buffer of standard output, and whether a thread may keep its lock | the threads of tests; the driver of the schedule |
// | `hook.rs` | the panic hook | whoever begins and ends a run |

#[cfg(unix)]
mod abort;
#[cfg(not(unix))]
#[path = "no_abort.rs"]
mod abort;
mod chunk;
pub(crate) mod flush;
pub(crate) mod hook;
mod journal;
mod memory;
mod panic_text;
mod scope;
mod scope_guard;
#[cfg(unix)]
pub(crate) mod stdio;

#[cfg(all(
    any(all(target_os = "linux", target_env = "gnu"), target_os = "macos"),
    not(any(miri, target_feature = "crt-static"))
))]
#[doc(hidden)]
#[path = "unix.rs"]
pub mod layer;

#[cfg(not(all(
    any(all(target_os = "linux", target_env = "gnu"), target_os = "macos"),
    not(any(miri, target_feature = "crt-static"))
)))]
#[doc(hidden)]
#[path = "none.rs"]
pub mod layer;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};

pub(crate) use self::abort::AbortGuard;
pub(crate) use self::scope::{Destination, Role, Scope, current};
pub(crate) use self::scope_guard::enter;
use self::scope_guard::enter_without_flush;
use crate::process::print_error;

/// Says whether [`capture!`](crate::capture!) stands in this binary and works on this platform.
///
/// If so, what tests print is captured. If not, only the texts of panics are.
pub fn is_complete() -> bool {
    layer::is_present()
}

/// The test that the current thread works for, if any, to be carried to another thread. The default is none.
#[derive(Clone, Default)]
pub struct Context {
    scope: Option<Arc<Scope>>,
}

impl Context {
    /// Returns the test that the current thread works for.
    pub fn current() -> Self {
        Self::of(current())
    }

    /// Returns the test of this scope.
    pub(crate) fn of(scope: Option<Arc<Scope>>) -> Self {
        Self { scope }
    }

    /// Returns the name of that test.
    pub fn test_name(&self) -> Option<&str> {
        self.scope.as_ref().map(|scope| scope.name())
    }

    /// Says whether both are of the same attempt of the same test, or of none.
    pub fn is_same_test(&self, other: &Self) -> bool {
        match (&self.scope, &other.scope) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (own, other) => own.is_none() && other.is_none(),
        }
    }

    /// Runs `work` for that test: its output and the texts of its panics become the test's.
    ///
    /// If this context belongs to no test then neither does `work`.
    ///
    /// It never waits for the lock of standard output, which a test may hold.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        let _entered = enter_without_flush(self.scope.clone(), Role::Poll);
        work()
    }

    /// Appends `text` to the output of that test.
    ///
    /// Returns `false`, having done nothing, if there is no such test, if it has ended, or if
    /// output is not captured. The caller then prints the text itself.
    pub fn append(&self, text: &[u8]) -> bool {
        self.scope.as_ref().is_some_and(|scope| scope.append(text))
    }

    /// Appends `text` to the output of that test, or writes it to standard error where
    /// [`append`](Self::append) would return `false`.
    ///
    /// It waits for no lock of standard error, which a test may hold. What cannot be written is lost, without a panic.
    pub fn print(&self, text: &[u8]) {
        self.run(|| match &self.scope {
            Some(scope) => scope.append_or_print(text),
            None => print_error(text),
        });
    }
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("test_name", &self.test_name())
            .finish()
    }
}

/// Makes a future that is spawned on a runtime work for the current test: what it prints while it
/// is polled, and the texts of its panics, become the test's.
///
/// ```
/// # fn spawn(_: impl Future<Output = ()> + Send + 'static) {}
/// spawn(libtest_async::capture::inherit(async {
///     println!("shown with the test that spawned this");
/// }));
/// ```
pub fn inherit<F: Future>(future: F) -> Inherit<F> {
    Inherit {
        context: Context::current(),
        future: Some(Box::pin(future)),
    }
}

/// The future that [`inherit`] returns.
#[must_use = "futures do nothing unless they are awaited or spawned"]
pub struct Inherit<F> {
    context: Context,
    /// Present until it is dropped, which it is for the test too.
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> Future for Inherit<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let future = this
            .future
            .as_mut()
            .expect("it is there until it is dropped");
        this.context.run(|| future.as_mut().poll(cx))
    }
}

impl<F> Drop for Inherit<F> {
    fn drop(&mut self) {
        let future = self.future.take();
        self.context.run(|| drop(future));
    }
}

impl<F> std::fmt::Debug for Inherit<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inherit")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// Captures what tests print, in the test binary that this stands in.
///
/// Stands once, at module level, in the root of a test target with `harness = false`. On Linux with glibc, unless
/// that is linked statically, and on macOS it defines the C functions `write`, `writev` and `pthread_create` for that
/// binary: so output can be told apart while many tests run in one process, on a stable toolchain. It expands to
/// nothing elsewhere. [`main!`](crate::main!) contains it.
///
/// It must not stand in a library: everything that links the library would get these functions.
/// It expands to unsafe code, of which the lint says nothing, since the macro is another crate's:
/// `#![forbid(unsafe_code)]` may stand above it.
///
/// `capture!(threads = off)`, with a `fn main` of one's own, leaves `pthread_create` alone: sanitizers and
/// profilers define it too. What threads print that a test starts then passes by; [`Context`] and [`inherit`]
/// carry the test to them.
///
/// ```no_run
/// use libtest_async::{Arguments, Trial};
///
/// libtest_async::capture!(threads = off);
///
/// fn main() -> std::process::ExitCode {
///     let trials = vec![Trial::test("adds", || Ok(()))];
///     libtest_async::run(&Arguments::from_args(), trials).exit_code()
/// }
/// ```
#[macro_export]
macro_rules! capture {
    () => {
        $crate::capture!(threads = off);

        #[cfg(all(
            any(all(target_os = "linux", target_env = "gnu"), target_os = "macos"),
            not(any(miri, target_feature = "crt-static"))
        ))]
        const _: () = {
            use ::core::ffi::{c_int, c_void};

            /// Starts a thread that works for the current test.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn pthread_create(
                thread: *mut c_void,
                attributes: *const c_void,
                start: $crate::capture::layer::Start,
                argument: *mut c_void,
            ) -> c_int {
                // SAFETY: the caller keeps to the contract of pthread_create(3), which is passed
                // on.
                unsafe {
                    $crate::capture::layer::pthread_create(thread, attributes, start, argument)
                }
            }
        };
    };
    (threads = off) => {
        #[cfg(all(
            any(all(target_os = "linux", target_env = "gnu"), target_os = "macos"),
            not(any(miri, target_feature = "crt-static"))
        ))]
        const _: () = {
            use ::core::ffi::{c_int, c_void};

            /// Writes to a descriptor, or to the output of the current test.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn write(fd: c_int, data: *const c_void, length: usize) -> isize {
                // SAFETY: the caller keeps to the contract of write(2), which is passed on.
                unsafe { $crate::capture::layer::write(fd, data, length) }
            }

            /// Writes to a descriptor, or to the output of the current test.
            #[unsafe(no_mangle)]
            unsafe extern "C" fn writev(fd: c_int, parts: *const c_void, count: c_int) -> isize {
                // SAFETY: the caller keeps to the contract of writev(2), which is passed on.
                unsafe { $crate::capture::layer::writev(fd, parts, count) }
            }
        };
    };
}
