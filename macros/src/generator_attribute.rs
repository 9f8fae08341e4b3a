//! `#[test_generator]`: registers a function that makes tests when the binary starts.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, LitStr, Result, ReturnType};

use crate::arguments;
use crate::crate_path::crate_path;
use crate::function::Function;
use crate::runtime::Runtime;
use crate::usage::CRATE;

/// Expands the attribute, or into its error beside the function as it was, so that nothing else is reported.
pub(crate) fn expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> TokenStream {
    try_expand(runtime, arguments, item.clone()).unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#error #item)
    })
}

fn try_expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let arguments = arguments::parse(arguments, &[CRATE])?;
    let krate = arguments.first().map(|krate| krate.path()).transpose()?;
    let function: Function = syn::parse2(item)?;
    check(&function)?;
    let krate = crate_path(krate.as_ref());
    let name = &function.signature.ident;
    let text = LitStr::new(&name.to_string(), name.span());
    let private = quote!(#krate::testing::__private);
    let constant = runtime.constant();
    let position =
        quote_spanned!(name.span()=> ::core::file!(), ::core::line!(), ::core::column!());
    let span = match &function.signature.output {
        ReturnType::Default => name.span(),
        ReturnType::Type(_, returned) => returned.span(),
    };
    let generate = quote_spanned!(span=> || #private::generated(#name()));
    Ok(quote! {
        #function
        #private::a_test_is_a_free_function! {
            #private::GeneratorRegistration::new(::core::module_path!(), #text, (#position), &#private::#constant, #generate)
        }
    })
}

fn check(function: &Function) -> Result<()> {
    let signature = &function.signature;
    if let Some(asyncness) = &signature.asyncness {
        let message =
            "a test generator cannot be async: it runs before the event loop, and before Python";
        return Err(Error::new(asyncness.span(), message));
    }
    if let Some(input) = signature.inputs.first() {
        let message = "a test generator takes no arguments; it returns a `Vec<Test>`";
        return Err(Error::new_spanned(input, message));
    }
    function.check_plain("a test generator")
}
