//! CPython's rules about exceptions.

pub(crate) mod pep479;
pub(crate) mod stash;
pub(crate) mod throw_arguments;
