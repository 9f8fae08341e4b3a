//! `Interrupt` on systems without Unix signals: there is none.

/// Never made here.
pub(crate) enum Interrupt {}

impl Interrupt {
    pub(crate) fn watch(_: impl FnOnce() + Send + 'static) -> Option<Self> {
        None
    }
}
