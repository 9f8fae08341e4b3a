//! A file descriptor, played by a flag.

use std::io;

use loom::sync::atomic::{AtomicBool, Ordering};

pub(crate) struct Wakeup(AtomicBool);

impl Wakeup {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(AtomicBool::new(false)))
    }

    pub(crate) fn fd(&self) -> Option<i32> {
        None
    }

    pub(crate) fn notify(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn clear(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    pub(crate) fn is_readable(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}
