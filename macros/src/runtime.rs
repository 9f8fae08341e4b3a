//! The runtimes that the attributes exist for.

use proc_macro2::{Ident, Span};

/// A runtime, as part of an attribute's name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runtime {
    /// `pyo3_aio::tokio`.
    Tokio,
    /// `pyo3_aio::async_std`.
    AsyncStd,
    /// `pyo3_aio::smol`.
    Smol,
}

impl Runtime {
    /// The module of the library that the attribute is re-exported from.
    pub(crate) fn module(self) -> Ident {
        let name = match self {
            Self::Tokio => "tokio",
            Self::AsyncStd => "async_std",
            Self::Smol => "smol",
        };
        Ident::new(name, Span::call_site())
    }

    /// The type of that module that implements the library's `Runtime`.
    pub(crate) fn type_name(self) -> Ident {
        let name = match self {
            Self::Tokio => "Tokio",
            Self::AsyncStd => "AsyncStd",
            Self::Smol => "Smol",
        };
        Ident::new(name, Span::call_site())
    }

    /// The static of the library that stands for the runtime of a test.
    pub(crate) fn constant(self) -> Ident {
        let name = match self {
            Self::Tokio => "TOKIO",
            Self::AsyncStd => "ASYNC_STD",
            Self::Smol => "SMOL",
        };
        Ident::new(name, Span::call_site())
    }
}
