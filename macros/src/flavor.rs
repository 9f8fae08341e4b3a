//! `flavor`, `worker_threads` and `start_paused`, with the meaning and the error texts of tokio's own attributes
//! (`tokio-macros/src/entry.rs`).

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Error, Lit, LitBool, Result};

use crate::arguments::Argument;
use crate::tokio_arguments::is_tokio_argument;

/// The runtime that the arguments of an attribute ask for.
#[derive(Default)]
pub(crate) struct Flavor {
    kind: Option<Kind>,
    worker_threads: Option<(usize, Span)>,
    start_paused: Option<LitBool>,
    /// The name of the first of these arguments, for the error that sync tests get.
    first: Option<Ident>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    CurrentThread,
    MultiThread,
}

impl Flavor {
    /// Stores the argument and returns true if it is one of tokio's.
    pub(crate) fn set(&mut self, argument: &Argument) -> Result<bool> {
        let name = &argument.name;
        if !is_tokio_argument(name) {
            return Ok(false);
        }
        let Some(value) = &argument.value else {
            let message = format!("The `{name}` attribute requires an argument.");
            return Err(Error::new(name.span(), message));
        };
        match name.to_string().as_str() {
            "flavor" => self.kind = Some(kind(value)?),
            "worker_threads" => self.worker_threads = Some(worker_threads(value)?),
            // `is_tokio_argument` leaves `start_paused`.
            _ => self.start_paused = Some(start_paused(value)?),
        }
        self.first.get_or_insert_with(|| name.clone());
        Ok(true)
    }

    /// Refuses combinations that tokio refuses. `attribute` is what the messages call the attribute.
    pub(crate) fn check(&self, attribute: &str, is_multi_thread: bool) -> Result<()> {
        let requires = |option: &str, flavor: &str| {
            format!(
                "The `{option}` option requires the `{flavor}` runtime flavor. \
                 Use `#[{attribute}(flavor = \"{flavor}\")]`"
            )
        };
        match (is_multi_thread, &self.worker_threads, &self.start_paused) {
            (false, Some((_, span)), _) => {
                let message = requires("worker_threads", "multi_thread");
                Err(Error::new(*span, message))
            }
            (true, _, Some(paused)) => {
                let message = requires("start_paused", "current_thread");
                Err(Error::new(paused.span(), message))
            }
            _ => Ok(()),
        }
    }

    /// Refuses these arguments for a sync test.
    pub(crate) fn check_sync(&self) -> Result<()> {
        let Some(name) = &self.first else {
            return Ok(());
        };
        let message = format!(
            "`{name}` is for async tests: a sync one has no runtime of its own, and uses the library's"
        );
        Err(Error::new(name.span(), message))
    }

    pub(crate) fn is_multi_thread(&self, default: bool) -> bool {
        self.kind.map_or(default, |kind| kind == Kind::MultiThread)
    }

    pub(crate) fn worker_threads(&self) -> Option<usize> {
        self.worker_threads.map(|(count, _)| count)
    }
}

impl ToTokens for Flavor {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        if self.is_multi_thread(false) {
            tokens.extend(quote!(.multi_thread()));
        }
        if let Some(count) = self.worker_threads() {
            tokens.extend(quote!(.worker_threads(#count)));
        }
        if let Some(paused) = &self.start_paused {
            tokens.extend(quote!(.start_paused(#paused)));
        }
    }
}

fn kind(value: &Lit) -> Result<Kind> {
    let Lit::Str(text) = value else {
        return Err(unreadable(value, "flavor", "string"));
    };
    let message = match text.value().as_str() {
        "current_thread" => return Ok(Kind::CurrentThread),
        "multi_thread" => return Ok(Kind::MultiThread),
        "local" => {
            "The `local` runtime flavor is not supported. Use `current_thread`, which polls the \
             function on one thread as well."
        }
        "single_thread" => "The single threaded runtime flavor is called `current_thread`.",
        "basic_scheduler" => {
            "The `basic_scheduler` runtime flavor has been renamed to `current_thread`."
        }
        "threaded_scheduler" => {
            "The `threaded_scheduler` runtime flavor has been renamed to `multi_thread`."
        }
        other => {
            let message = format!(
                "No such runtime flavor `{other}`. The runtime flavors are `current_thread` and \
                 `multi_thread`."
            );
            return Err(Error::new(text.span(), message));
        }
    };
    Err(Error::new(text.span(), message))
}

fn worker_threads(value: &Lit) -> Result<(usize, Span)> {
    let Lit::Int(count) = value else {
        return Err(unreadable(value, "worker_threads", "integer"));
    };
    match count.base10_parse::<usize>() {
        Ok(0) => Err(Error::new(count.span(), "`worker_threads` may not be 0.")),
        Ok(number) => Ok((number, count.span())),
        Err(error) => {
            let message = format!("Failed to parse value of `worker_threads` as integer: {error}");
            Err(Error::new(count.span(), message))
        }
    }
}

fn start_paused(value: &Lit) -> Result<LitBool> {
    match value {
        Lit::Bool(paused) => Ok(paused.clone()),
        other => Err(unreadable(other, "start_paused", "bool")),
    }
}

fn unreadable(value: &Lit, name: &str, kind: &str) -> Error {
    let message = format!("Failed to parse value of `{name}` as {kind}.");
    Error::new(value.span(), message)
}
