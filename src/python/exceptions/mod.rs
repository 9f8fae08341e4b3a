//! CPython's rules about exceptions.
//!
//! | module | its rule |
//! | --- | --- |
//! | [`throw_arguments`] | the three arguments of `throw` make one exception |
//! | [`pep479`] | StopIteration out of a coroutine's code becomes RuntimeError |
//! | [`of_cpython`] | misuse raises the error that the running Python raises |
//! | [`stash`] | a deallocator leaves the exception that is being raised as it was |

pub(crate) mod of_cpython;
pub(crate) mod pep479;
pub(crate) mod stash;
pub(crate) mod throw_arguments;
