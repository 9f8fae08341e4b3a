//! `#[test]`: a function that the harness finds and runs.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, LitStr, Result};

use crate::arguments;
use crate::crate_path::crate_path;
use crate::function::Function;
use crate::marks::Marks;
use crate::runtime::Runtime;
use crate::test_settings::{DECIDED, KNOWN, Settings};

/// Expands the attribute, or into its error beside the function as it was, so that nothing else is reported.
pub(crate) fn expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> TokenStream {
    try_expand(runtime, arguments, item.clone()).unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#error #item)
    })
}

fn try_expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let settings = Settings::parse(&arguments::parse(arguments.clone(), KNOWN)?)?;
    let mut function: Function = syn::parse2(item)?;
    let krate = crate_path(settings.krate.as_ref());
    if !settings.is_decided && function.attributes.iter().any(is_conditional) {
        // The compiler takes attributes in their order: it decides these before the last one, which is asked again.
        // Rust 1.85 leaves a `cfg` that holds in its place, so the question has to say that it is the second.
        let decided = Ident::new(DECIDED, Span::call_site());
        let module = runtime.module();
        let Function {
            attributes,
            visibility,
            signature,
            body,
        } = function;
        return Ok(
            quote!(#(#attributes)* #[#krate::#module::test(#decided, #arguments)] #visibility #signature #body),
        );
    }
    check(&function)?;
    let marks = Marks::take_from(&mut function.attributes)?;
    settings.check(&function, &marks)?;
    let registration = register(runtime, &krate, &function, &quote!(#marks #settings));
    Ok(quote!(#function #registration))
}

fn is_conditional(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr")
}

fn check(function: &Function) -> Result<()> {
    let signature = &function.signature;
    if let Some(receiver) = signature.receiver() {
        let message = "a test cannot be a method: move it out of the `impl`";
        return Err(Error::new_spanned(receiver, message));
    }
    let (allowed, message) = match signature.asyncness {
        Some(_) => (
            0,
            "an async test takes no arguments; it finds its loop with `get_current_locals`",
        ),
        None => (
            1,
            "a test takes at most one argument, the event loop: `event_loop: Py<PyAny>`",
        ),
    };
    if let Some(input) = signature.inputs.iter().nth(allowed) {
        return Err(Error::new_spanned(input, message));
    }
    function.check_plain("a test")
}

/// The value that a registration is made of; every token here is paid for once per test.
fn register(
    runtime: Runtime,
    krate: &TokenStream,
    function: &Function,
    marks: &TokenStream,
) -> TokenStream {
    let name = &function.signature.ident;
    let text = LitStr::new(&name.to_string(), name.span());
    let private = quote!(#krate::testing::__private);
    let constant = runtime.constant();
    let body = body(&private, function);
    // The tokens' place is what `line!` reports: the function's name, as with libtest.
    let place = quote_spanned!(name.span()=> ::core::file!(), ::core::line!(), ::core::column!());
    quote! {
        #private::a_test_is_a_free_function! {
            #private::Registration::new(::core::module_path!(), #text, (#place), &#private::#constant, #body) #marks
        }
    }
}

fn body(private: &TokenStream, function: &Function) -> TokenStream {
    let signature = &function.signature;
    let name = &signature.ident;
    let span = match &signature.output {
        syn::ReturnType::Default => name.span(),
        syn::ReturnType::Type(_, returned) => returned.span(),
    };
    if signature.asyncness.is_some() {
        quote_spanned!(span=> #private::Body::Async(|| #private::erase(::std::boxed::Box::pin(#name()))))
    } else if signature.inputs.is_empty() {
        quote_spanned!(span=> #private::Body::Sync(|| #private::outcome(#name())))
    } else {
        quote_spanned!(span=> #private::Body::SyncWithLoop(|event_loop| #private::outcome(#name(event_loop))))
    }
}

#[cfg(test)]
mod tests {
    use super::{DECIDED, Runtime, TokenStream, expand};

    fn expanded(arguments: &str, item: &str) -> String {
        let parse = |text: &str| text.parse::<TokenStream>().expect("the source has tokens");
        expand(Runtime::Tokio, parse(arguments), parse(item)).to_string()
    }

    /// Rust 1.85 leaves the `cfg` where it was.
    #[test]
    fn conditions_are_decided_once() {
        let item = "#[cfg(test)] async fn t() {}";
        let asked = expanded("serial", item);
        assert!(asked.contains(&format!("({DECIDED} , serial)")), "{asked}");
        assert!(!asked.contains("Registration"), "{asked}");
        let answered = expanded(&format!("{DECIDED}, serial"), item);
        assert!(answered.contains("Registration"), "{answered}");
        assert!(answered.contains("serial ()"), "{answered}");
        assert!(!answered.contains("tokio"), "{answered}");
    }
}
