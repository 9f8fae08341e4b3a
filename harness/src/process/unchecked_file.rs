//! `CheckedFile` on systems without Unix descriptors: its file is taken for intact.

use std::ops::Deref;

/// A file that only its owner can close.
pub(crate) struct CheckedFile<F>(F);

impl<F> CheckedFile<F> {
    pub(crate) fn new(file: F) -> Self {
        Self(file)
    }

    pub(crate) fn is_intact(&self) -> bool {
        true
    }
}

impl<F> Deref for CheckedFile<F> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.0
    }
}
