//! Names of the arguments of tokio's own attributes, present and former (`tokio-macros/src/entry.rs`).

use proc_macro2::Ident;
use quote::quote;
use syn::parse::ParseStream;
use syn::{Error, Expr, Token};

use crate::usage::{START_PAUSED, Usage, WORKER_THREADS};

/// Whether tokio's attributes have an argument of this name. Its errors then have tokio's texts.
pub(crate) fn is_tokio_argument(name: &Ident) -> bool {
    ["flavor", "worker_threads", "start_paused"]
        .iter()
        .any(|known| name == known)
}

/// Returns the error for a former name of an argument, or for a value of `flavor` in place of a name.
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

/// Returns the attribute that takes these arguments: only that of tests has `start_paused`.
fn attribute(known: &[Usage]) -> &'static str {
    match known.contains(&START_PAUSED) {
        true => TEST,
        false => MAIN,
    }
}

/// The attribute of tests, as messages name it.
pub(crate) const TEST: &str = "pyo3_aio::tokio::test";
/// The attribute of main functions, as messages name it.
pub(crate) const MAIN: &str = "pyo3_aio::tokio::main";

fn renamed(name: &Ident, input: ParseStream<'_>) -> Option<Error> {
    let equals: Token![=] = input.parse().ok()?;
    let value: Expr = input.parse().ok()?;
    let message = "Attribute `core_threads` is renamed to `worker_threads`";
    Some(Error::new_spanned(quote!(#name #equals #value), message))
}
