//! Panics that are contained: calls to a user's code whose panic must not end the harness.

use std::any::Any;
use std::mem;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

/// The payload of a panic.
pub(crate) type Payload = Box<dyn Any + Send>;

/// A panic, as the panic hook has seen it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PanicRecord {
    pub(crate) message: String,
    /// The file, as rustc names it.
    pub(crate) file: String,
    pub(crate) line: u32,
}

impl PanicRecord {
    /// Returns the record of a panic; `None` if its location is not known.
    pub(crate) fn new(info: &PanicHookInfo<'_>) -> Option<Self> {
        let location = info.location()?;
        Some(Self {
            message: panic_text(info.payload())
                .unwrap_or("Box<dyn Any>")
                .to_owned(),
            file: location.file().to_owned(),
            line: location.line(),
        })
    }
}

/// Calls `f`; `None` says that it panicked.
pub(crate) fn contain<T>(f: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(f))
        .map_err(discard)
        .ok()
}

/// Drops the payload of a panic. If that panics in turn, the second payload is leaked.
pub(crate) fn discard(payload: Payload) {
    let dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(payload)));
    if let Err(payload) = dropped {
        mem::forget(payload);
    }
}

/// Returns the text of a panic, if it has one.
pub(crate) fn panic_text(payload: &(dyn Any + Send)) -> Option<&str> {
    match payload.downcast_ref::<String>() {
        Some(text) => Some(text),
        None => payload.downcast_ref::<&'static str>().copied(),
    }
}

/// Calls `body` below a frame of the name at which std's panic hook ends a short backtrace.
#[inline(never)]
pub(crate) fn __rust_begin_short_backtrace<T>(body: impl FnOnce() -> T) -> T {
    let result = body();
    // Keeps the call above from becoming a jump, which would leave no frame.
    std::hint::black_box(());
    result
}
