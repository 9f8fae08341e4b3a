//! Panics of users' code, caught with the place where they happened.
//!
//! The payload of a panic knows nothing of its place; the panic hook does. So a hook is put before the one in force, once:
//! it remembers the place of panics that are about to be caught here, and calls the other.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::Once;
use std::task::Poll;
use std::thread;

thread_local! {
    /// Calls of [`catch_call`] under way on this thread.
    static CATCHING: Cell<usize> = const { Cell::new(0) };
    /// `FILE:LINE:COLUMN` of the last panic under one of them.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A panic that was caught. A panic of its payload's drop goes nowhere.
pub struct Caught {
    /// `None` once it has been moved out.
    payload: Option<Payload>,
    place: Option<String>,
}

type Payload = Box<dyn Any + Send + 'static>;

impl Caught {
    /// What the panic was called with.
    pub(crate) fn into_payload(mut self) -> Payload {
        self.payload.take().expect("nobody else takes it out")
    }

    /// The payload's text, where it has one, and the place.
    pub(crate) fn describe(&self) -> String {
        let payload = self.payload.as_deref();
        let text = if let Some(text) = payload.and_then(<dyn Any + Send>::downcast_ref::<&str>) {
            text
        } else if let Some(text) = payload.and_then(<dyn Any + Send>::downcast_ref::<String>) {
            text
        } else {
            "the payload of the panic is not a string"
        };
        match &self.place {
            Some(place) => format!("{text} ({place})"),
            None => text.to_owned(),
        }
    }
}

impl Drop for Caught {
    fn drop(&mut self) {
        let payload = self.payload.take();
        if let Err(next) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
            // Its drop might panic as well, and so on.
            std::mem::forget(next);
        }
    }
}

impl fmt::Debug for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Caught").field(&self.describe()).finish()
    }
}

/// Calls a function, and returns its panic as an error.
#[inline]
pub(crate) fn catch_call<T>(function: impl FnOnce() -> T) -> Result<T, Caught> {
    static HOOK: Once = Once::new();
    // The hook cannot be changed by a thread that is panicking.
    if !HOOK.is_completed() && !thread::panicking() {
        HOOK.call_once(remember_places);
    }
    let called = CATCHING.with(|catching| {
        catching.set(catching.get() + 1);
        let called = panic::catch_unwind(AssertUnwindSafe(function));
        catching.set(catching.get() - 1);
        called
    });
    called.map_err(|payload| Caught {
        payload: Some(payload),
        place: PLACE.take(),
    })
}

/// Runs a future, and returns its panic as an error.
pub(crate) async fn catch<F: Future>(future: F) -> Result<F::Output, Caught> {
    let mut future = pin!(future);
    std::future::poll_fn(move |cx| match catch_call(|| future.as_mut().poll(cx)) {
        Ok(poll) => poll.map(Ok),
        Err(caught) => Poll::Ready(Err(caught)),
    })
    .await
}

fn remember_places() {
    let next = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if CATCHING
            .try_with(Cell::get)
            .is_ok_and(|catching| catching > 0)
        {
            let place = info.location().map(ToString::to_string);
            let _ = PLACE.try_with(|last| last.replace(place));
        }
        next(info);
    }));
}
