//! The path by which the user's crate names the library.

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::Path;

/// Returns the path to the library: the one given as `crate = "..."`, else the name in the user's manifest.
///
/// The library itself and its own tests, like a crate whose manifest cannot be read, know it as
/// `::pyo3_aio`.
pub(crate) fn crate_path(given: Option<&Path>) -> TokenStream {
    match given {
        Some(path) => path.to_token_stream(),
        None => {
            let name = Ident::new(&name_in_manifest(), Span::call_site());
            quote!(::#name)
        }
    }
}

fn name_in_manifest() -> String {
    match crate_name("pyo3-aio") {
        Ok(FoundCrate::Name(name)) => name,
        Ok(FoundCrate::Itself) | Err(_) => "pyo3_aio".to_owned(),
    }
}
