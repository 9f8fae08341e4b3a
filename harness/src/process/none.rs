//! Stands in where a platform has no such thing.

/// Would note that a run is under way.
pub(crate) struct ExitGuard;

impl ExitGuard {
    pub(crate) fn new(_: impl Fn() -> Vec<String> + Send + 'static) -> Self {
        Self
    }
}

/// Would print what a test that aborts has printed.
pub(crate) struct AbortGuard;

impl AbortGuard {
    pub(crate) fn new() -> Option<Self> {
        None
    }
}

/// Would call back on Ctrl-C.
pub(crate) struct Interrupt;

impl Interrupt {
    pub(crate) fn watch(_: impl FnOnce() + Send + 'static) -> Option<Self> {
        None
    }
}
