//! Catches panics of users' code, with the source location where they happened.
//!
//! A panic's payload does not have its location; only the panic hook is told (`PanicHookInfo::location`). So a hook of
//! this file is put before the one in force: it notes the location of panics that are about to be caught here, and calls
//! the other in any case, so that a user's hook hears of every panic as before. It stays for as long as the process
//! runs: a hook cannot be taken out of the chain while other threads may panic, without a moment in which std's default
//! hook would print in the place of the user's.
//!
//! Whoever sets another hook, or restores an earlier one, drops this one. That is noticed, and the next catch puts one
//! before the hook that is in force by then.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

thread_local! {
    /// Calls of [`catch_call`] under way on this thread.
    static CATCHING: Cell<usize> = const { Cell::new(0) };
    /// `FILE:LINE:COLUMN` of the last panic under the innermost of them.
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Hooks of this file that exist. A forked child takes over the parent's hook together with this number.
static HOOKS: AtomicUsize = AtomicUsize::new(0);

/// A panic that was caught: the [`JoinError`](crate::generic::JoinError) of async-std and smol.
///
/// Where dropping its payload panics as well, that panic is swallowed.
pub struct CaughtPanic {
    /// `None` once it has been moved out.
    payload: Option<Payload>,
    location: Option<String>,
}

type Payload = Box<dyn Any + Send + 'static>;

impl CaughtPanic {
    /// Returns the payload, as `std::panic::catch_unwind` does.
    pub(crate) fn into_payload(mut self) -> Payload {
        self.payload.take().expect("nobody else takes it out")
    }

    /// Returns the payload's text, if it is a string, and the location.
    pub(crate) fn describe(&self) -> String {
        let payload = self.payload.as_deref();
        let text = if let Some(text) = payload.and_then(<dyn Any + Send>::downcast_ref::<&str>) {
            text
        } else if let Some(text) = payload.and_then(<dyn Any + Send>::downcast_ref::<String>) {
            text
        } else {
            "the payload of the panic is not a string"
        };
        match &self.location {
            Some(location) => format!("{text} ({location})"),
            None => text.to_owned(),
        }
    }
}

impl Drop for CaughtPanic {
    fn drop(&mut self) {
        let payload = self.payload.take();
        if let Err(next) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            // Its drop might panic as well, and so on.
            std::mem::forget(next);
        }
    }
}

impl fmt::Debug for CaughtPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CaughtPanic")
            .field(&self.describe())
            .finish()
    }
}

/// Calls a function, and returns its panic as an error.
#[inline]
pub(crate) fn catch_call<T>(function: impl FnOnce() -> T) -> Result<T, CaughtPanic> {
    if HOOKS.load(Ordering::Relaxed) == 0 {
        install_missing_hook();
    }
    // A call within another one, as of a coroutine that the drain of a loop steps, starts without a location as well: the
    // last one may be of a panic that user code has caught itself. The outer call gets its own back.
    let outer = LOCATION.take();
    let called = CATCHING.with(|catching| {
        catching.set(catching.get() + 1);
        let called = panic::catch_unwind(AssertUnwindSafe(function));
        catching.set(catching.get() - 1);
        called
    });
    let location = LOCATION.replace(outer);
    called.map_err(|payload| CaughtPanic {
        payload: Some(payload),
        location,
    })
}

/// Runs a future, and returns its panic as an error.
pub(crate) async fn catch<F: Future>(future: F) -> Result<F::Output, CaughtPanic> {
    let mut future = pin!(future);
    std::future::poll_fn(move |cx| match catch_call(|| future.as_mut().poll(cx)) {
        Ok(poll) => poll.map(Ok),
        Err(caught) => Poll::Ready(Err(caught)),
    })
    .await
}

#[cold]
fn install_missing_hook() {
    // std refuses to change the hook on a thread that is panicking.
    if thread::panicking() {
        return;
    }
    let is_missing = HOOKS.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed);
    if is_missing.is_ok() {
        install(HookCount);
    }
}

/// Puts a hook before the one in force, whether or not there is one already: for the test harness, whose own hook does
/// not always call an earlier one, and drops this one when it restores the earlier one.
///
/// # Panics
///
/// On a thread that is panicking.
#[cfg(feature = "testing")]
pub(crate) fn install_hook_before_others() {
    HOOKS.fetch_add(1, Ordering::Relaxed);
    install(HookCount);
}

/// Counts down when the hook that owns it is dropped.
struct HookCount;

impl Drop for HookCount {
    fn drop(&mut self) {
        HOOKS.fetch_sub(1, Ordering::Relaxed);
    }
}

fn install(count: HookCount) {
    let next = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let _owned = &count;
        if CATCHING
            .try_with(Cell::get)
            .is_ok_and(|catching| catching > 0)
        {
            let location = info.location().map(ToString::to_string);
            let _ = LOCATION.try_with(|last| last.replace(location));
        }
        next(info);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(called: Result<(), CaughtPanic>) -> Option<String> {
        called.expect_err("it panics").location.clone()
    }

    #[test]
    fn a_call_within_another_one_does_not_have_the_location_of_an_earlier_panic() {
        let called = catch_call(|| {
            drop(panic::catch_unwind(|| panic!("caught by the user")));
            let again = catch_call(|| panic::resume_unwind(Box::new("raised again")));
            assert_eq!(location(again), None);
        });
        assert!(called.is_ok());
    }

    #[test]
    fn a_call_while_a_panic_unwinds_leaves_the_location_of_that_one() {
        struct Calls;
        impl Drop for Calls {
            fn drop(&mut self) {
                assert!(catch_call(|| ()).is_ok());
            }
        }
        let line = line!() + 3;
        let called = catch_call(|| {
            let _calls = Calls;
            panic!("of the outer call")
        });
        let expected = format!("{}:{line}:13", file!());
        assert_eq!(location(called), Some(expected));
    }
}
