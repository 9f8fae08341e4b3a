//! Counts the calls by which Python code enters the library on threads that run event loops, so that the exit can wait for
//! them.
//!
//! When the interpreter is finalised, CPython ends every daemon thread that tries to attach: by `pthread_exit` up to Python
//! 3.13, whose unwinding Rust answers with an abort, and by a thread that hangs from 3.14 on (`take_gil` in
//! `Python/ceval_gil.c`). So no such thread may be within a frame of the library then which attaches anew, or runs Python
//! code that does.
//!
//! | event | by whom, on which thread | effect |
//! | --- | --- | --- |
//! | [`enter`] | a drain, or a step of a coroutine or stream, attached to Python | counts, unless the exit has begun on another thread |
//! | [`Call`] is dropped | the same one, on the same thread, attached | counts down |
//! | [`begin_exit`] | the exit hook, on Python's main thread, attached | has [`enter`] refuse calls on other threads |
//! | [`wait_until_left`] | the same one, detached | returns when no other thread is in a call, or when its time is over |
//! | [`restart`] | `fork`, on the only thread of the child | counts this thread's calls, and nothing else |
//!
//! A call that [`enter`] refuses does without: a drain delivers nothing, a coroutine stays suspended, a value is leaked.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// How often the exit looks.
const INTERVAL: Duration = Duration::from_micros(200);

static CALLS: AtomicUsize = AtomicUsize::new(0);
/// The exit hook has been called: the interpreter exits.
static EXIT_HAS_BEGUN: AtomicBool = AtomicBool::new(false);
/// The thread that has called it.
static EXIT_THREAD: OnceLock<ThreadId> = OnceLock::new();

thread_local! {
    /// The calls under way on this thread, each but the first within another.
    static OWN: Cell<usize> = const { Cell::new(0) };
}

/// A call under way, during which its thread may detach from Python and attach again.
#[must_use]
pub(crate) struct Call<'py>(PhantomData<Python<'py>>);

impl Drop for Call<'_> {
    #[inline]
    fn drop(&mut self) {
        OWN.set(OWN.get() - 1);
        change(|count| count - 1);
    }
}

/// Counts a call of Python's; `None` if the interpreter exits, which this thread does not do.
#[inline]
pub(crate) fn enter(_py: Python<'_>) -> Option<Call<'_>> {
    let call = Call(PhantomData);
    OWN.set(OWN.get() + 1);
    change(|count| count + 1);
    (!exit_has_begun() || EXIT_THREAD.get() == Some(&thread::current().id())).then_some(call)
}

/// Refuses calls on other threads from now on.
pub(crate) fn begin_exit(_py: Python<'_>) {
    EXIT_THREAD.get_or_init(|| thread::current().id());
    EXIT_HAS_BEGUN.store(true, Ordering::SeqCst);
}

/// Whether the interpreter exits.
pub(crate) fn exit_has_begun() -> bool {
    EXIT_HAS_BEGUN.load(Ordering::SeqCst)
}

/// Forgets, in the child of a fork, the calls on threads that it does not have.
#[cfg_attr(not(unix), expect(dead_code, reason = "there is no fork"))]
pub(crate) fn restart() {
    CALLS.store(OWN.get(), Ordering::SeqCst);
}

/// Calls a function detached from Python, mostly to drop what it owns; leaks that where [`enter`] refuses the call.
pub(crate) fn detach<T: Send>(py: Python<'_>, function: impl FnOnce() -> T + Send) -> Option<T> {
    let Some(_call) = enter(py) else {
        std::mem::forget(function);
        return None;
    };
    Some(py.detach(function))
}

/// Hands the thread over to the exit, which does not wait for it: it never attaches to Python again.
pub(crate) fn park(py: Python<'_>) -> ! {
    py.detach(|| {
        loop {
            thread::park();
        }
    })
}

/// Waits until no other thread is in a call, or the time is over. Call it detached from Python.
pub(crate) fn wait_until_left(timeout: Duration) {
    let started = Instant::now();
    while CALLS.load(Ordering::SeqCst) > OWN.get() && started.elapsed() < timeout {
        thread::sleep(INTERVAL);
    }
}

#[inline]
fn change(count: impl Fn(usize) -> usize) {
    if cfg!(Py_GIL_DISABLED) {
        // It never fails, as the function always has an answer.
        let _ = CALLS.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |calls| {
            Some(count(calls))
        });
    } else {
        // Only the thread that has the GIL changes it. The exit begins with the GIL, and so misses no call.
        CALLS.store(count(CALLS.load(Ordering::Relaxed)), Ordering::Relaxed);
    }
}
