//! Which runtime's future a thread is polling just now.

use std::any::TypeId;
use std::cell::Cell;

thread_local! {
    /// `None` where the thread is free to wait.
    static POLLED: Cell<Option<TypeId>> = const { Cell::new(None) };
}

/// Notes that this thread polls a future of the runtime, until the guard is dropped.
pub(crate) fn enter(runtime: TypeId) -> Polled {
    Polled(POLLED.replace(Some(runtime)))
}

/// Whether this thread is polling a future of the runtime.
pub(crate) fn is_polling(runtime: TypeId) -> bool {
    POLLED.get() == Some(runtime)
}

/// Calls a function on a thread whose place the runtime has given to another.
pub(crate) fn outside<T>(function: impl FnOnce() -> T) -> T {
    let _outer = Polled(POLLED.take());
    function()
}

/// Restores what was polled before.
pub(crate) struct Polled(Option<TypeId>);

impl Drop for Polled {
    fn drop(&mut self) {
        POLLED.set(self.0);
    }
}
