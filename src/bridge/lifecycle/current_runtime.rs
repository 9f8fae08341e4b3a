//! Which runtime's future a thread is polling just now.

use std::any::TypeId;
use std::cell::Cell;

thread_local! {
    /// `None` where the thread polls nothing, and may wait.
    static CURRENT: Cell<Option<TypeId>> = const { Cell::new(None) };
}

/// Notes that this thread polls a future of the runtime, until the guard is dropped.
pub(crate) fn enter(runtime: TypeId) -> CurrentRuntime {
    CurrentRuntime(CURRENT.replace(Some(runtime)))
}

/// Whether this thread is polling a future of the runtime.
pub(crate) fn is_polling(runtime: TypeId) -> bool {
    CURRENT.get() == Some(runtime)
}

/// Calls a function on a thread that the runtime has replaced by another, as by tokio's `block_in_place`: it may wait.
pub(crate) fn outside<T>(function: impl FnOnce() -> T) -> T {
    let _outer = CurrentRuntime(CURRENT.take());
    function()
}

/// Restores, when dropped, the runtime that was current before.
pub(crate) struct CurrentRuntime(Option<TypeId>);

impl Drop for CurrentRuntime {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}
