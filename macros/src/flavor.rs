//! `flavor`, `worker_threads` and `start_paused`, with the meaning and the error texts of tokio's own attributes
//! (`tokio-macros/src/entry.rs`).

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::parse::ParseStream;
use syn::{Error, Expr, Lit, LitBool, Result, Token};

use crate::arguments::{Argument, Usage};

pub(crate) const CURRENT_THREAD: Usage = "flavor = \"current_thread\"";
pub(crate) const MULTI_THREAD: Usage = "flavor = \"multi_thread\"";
pub(crate) const WORKER_THREADS: Usage = "worker_threads = 2";
pub(crate) const START_PAUSED: Usage = "start_paused = true";

/// The runtime that the arguments of an attribute ask for.
#[derive(Default)]
pub(crate) struct Flavor {
    kind: Option<Kind>,
    worker_threads: Option<(usize, Span)>,
    start_paused: Option<LitBool>,
    /// The first of these arguments.
    first: Option<Ident>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    CurrentThread,
    MultiThread,
}

impl Flavor {
    /// Takes the argument if it is one of tokio's.
    pub(crate) fn set(&mut self, argument: &Argument) -> Result<bool> {
        let name = &argument.name;
        if !is_tokios(name) {
            return Ok(false);
        }
        let Some(value) = &argument.value else {
            let message = format!("The `{name}` attribute requires an argument.");
            return Err(Error::new(name.span(), message));
        };
        match name.to_string().as_str() {
            "flavor" => self.kind = Some(kind(value)?),
            "worker_threads" => self.worker_threads = Some(worker_threads(value)?),
            // The one that is left is `start_paused`.
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
            "`{name}` is for async tests: a sync one has no runtime of its own, and finds the library's"
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

/// Whether tokio's attributes have an argument of this name, so that its errors are those of tokio.
pub(crate) fn is_tokios(name: &Ident) -> bool {
    ["flavor", "worker_threads", "start_paused"]
        .iter()
        .any(|known| name == known)
}

/// The error for names that tokio has had, or that are values of `flavor`.
pub(crate) fn old_name(name: &Ident, input: ParseStream<'_>, known: &[Usage]) -> Option<Error> {
    if !known.contains(&WORKER_THREADS) {
        return None;
    }
    let attribute = attribute(known);
    let flavor = match name.to_string().as_str() {
        "core_threads" => return renamed(name, input),
        "threaded_scheduler" | "multi_thread" => "multi_thread",
        "basic_scheduler" | "current_thread" | "single_threaded" => "current_thread",
        _ => return None,
    };
    let message = format!("Set the runtime flavor with #[{attribute}(flavor = \"{flavor}\")].");
    Some(Error::new(name.span(), message))
}

/// Attributes for tests alone have `start_paused`.
fn attribute(known: &[Usage]) -> &'static str {
    match known.contains(&START_PAUSED) {
        true => TEST,
        false => MAIN,
    }
}

/// What messages call the attribute of tests.
pub(crate) const TEST: &str = "pyo3_aio::tokio::test";
/// What messages call the attribute of main functions.
pub(crate) const MAIN: &str = "pyo3_aio::tokio::main";

fn renamed(name: &Ident, input: ParseStream<'_>) -> Option<Error> {
    let equals: Token![=] = input.parse().ok()?;
    let value: Expr = input.parse().ok()?;
    let message = "Attribute `core_threads` is renamed to `worker_threads`";
    Some(Error::new_spanned(quote!(#name #equals #value), message))
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
