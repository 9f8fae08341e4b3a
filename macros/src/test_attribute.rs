//! `#[test]`: registers a function as a test of the harness.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, LitStr, Result, Token};

use crate::arguments;
use crate::crate_path::crate_path;
use crate::function::Function;
use crate::libtest_attributes::LibtestAttributes;
use crate::runtime::Runtime;
use crate::test_settings::{MOVED_LAST, NEVER_WAITS, Settings, known};
use crate::wrappers;

/// Expands the attribute, or into its error beside the function as it was, so that nothing else is reported.
pub(crate) fn expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> TokenStream {
    try_expand(runtime, arguments, item.clone()).unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#error #item)
    })
}

fn try_expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let settings = Settings::parse(&arguments::parse(arguments.clone(), known(runtime))?)?;
    let mut function: Function = syn::parse2(item)?;
    let krate = crate_path(settings.krate.as_ref());
    if !settings.is_moved_last && function.attributes.iter().any(comes_first) {
        let module = runtime.module();
        return Ok(put_last(
            &quote!(#krate::#module::test),
            &arguments,
            function,
        ));
    }
    check(&function)?;
    let libtest = LibtestAttributes::take_from(&mut function.attributes)?;
    settings.check(&function, &libtest)?;
    let body = body(&krate, &function, settings.never_waits);
    let registration = register(
        runtime,
        &krate,
        &function,
        &body,
        &quote!(#libtest #settings),
    );
    Ok(quote!(#function #registration))
}

/// Whether the attribute has to be expanded before this one, as a condition or as one that makes other functions.
fn comes_first(attribute: &Attribute) -> bool {
    is_conditional(attribute) || wrappers::is_wrapper(attribute)
}

/// Moves this attribute, which is called `path`, below all others. The compiler expands attributes in their order.
///
/// Rust 1.85 leaves a `cfg` that holds where it was. The argument [`MOVED_LAST`] then keeps this from being repeated.
fn put_last(path: &TokenStream, arguments: &TokenStream, mut function: Function) -> TokenStream {
    let mut own = vec![Ident::new(MOVED_LAST, Span::call_site())];
    let has_cases = function.attributes.iter().any(wrappers::is_test_case);
    if has_cases && function.signature.asyncness.is_none() {
        // test-case puts libtest's attribute before all others of a sync function, which then vanishes.
        function.signature.asyncness = Some(Token![async](Span::call_site()));
        own.push(Ident::new(NEVER_WAITS, Span::call_site()));
    }
    let Function {
        attributes,
        visibility,
        signature,
        body,
    } = function;
    quote!(#(#attributes)* #[#path(#(#own),*, #arguments)] #visibility #signature #body)
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

/// Returns the registration of the test. Every token here is compiled once for each test.
fn register(
    runtime: Runtime,
    krate: &TokenStream,
    function: &Function,
    body: &TokenStream,
    settings: &TokenStream,
) -> TokenStream {
    let name = &function.signature.ident;
    let text = LitStr::new(&name.to_string(), name.span());
    let private = quote!(#krate::testing::__private);
    let constant = runtime.constant();
    // `line!` reports the position of its token: that of the function's name, as with libtest.
    let position =
        quote_spanned!(name.span()=> ::core::file!(), ::core::line!(), ::core::column!());
    quote! {
        #private::a_test_is_a_free_function! {
            #private::TestRegistration::new(::core::module_path!(), #text, (#position), &#private::#constant, #body) #settings
        }
    }
}

fn body(krate: &TokenStream, function: &Function, never_waits: bool) -> TokenStream {
    let private = quote!(#krate::testing::__private);
    let signature = &function.signature;
    let name = &signature.ident;
    let span = match &signature.output {
        syn::ReturnType::Default => name.span(),
        syn::ReturnType::Type(_, returned) => returned.span(),
    };
    if never_waits {
        quote_spanned!(span=> #private::TestBody::Sync(|| #private::outcome(#private::expect_ready(#name()))))
    } else if signature.asyncness.is_some() {
        quote_spanned!(span=> #private::TestBody::Async(|| #private::erase(::std::boxed::Box::pin(#name()))))
    } else if signature.inputs.is_empty() {
        quote_spanned!(span=> #private::TestBody::Sync(|| #private::outcome(#name())))
    } else {
        quote_spanned!(span=> #private::TestBody::SyncWithLoop(|event_loop| #private::outcome(#name(event_loop))))
    }
}

#[cfg(test)]
mod tests {
    use super::{MOVED_LAST, NEVER_WAITS, Runtime, TokenStream, expand};

    fn expanded(arguments: &str, item: &str) -> String {
        let parse = |text: &str| text.parse::<TokenStream>().expect("the source has tokens");
        expand(Runtime::Tokio, parse(arguments), parse(item)).to_string()
    }

    /// Rust 1.85 leaves the `cfg` of a test where it was.
    #[test]
    fn conditions_are_decided_once() {
        let item = "#[cfg(test)] async fn t() {}";
        let asked = expanded("serial", item);
        assert!(
            asked.contains(&format!("({MOVED_LAST} , serial)")),
            "{asked}"
        );
        assert!(!asked.contains("Registration"), "{asked}");
        let answered = expanded(&format!("{MOVED_LAST}, serial"), item);
        assert!(answered.contains("Registration"), "{answered}");
        assert!(answered.contains("serial ()"), "{answered}");
        assert!(!answered.contains("tokio"), "{answered}");
    }

    /// Other attributes that make tests are expanded before this one, wherever they stand.
    #[test]
    fn wrappers_come_first() {
        for wrapper in ["test_log::test", "gtest", "rstest", "test_case(1)"] {
            let asked = expanded("serial", &format!("#[{wrapper}] async fn t() {{}}"));
            let order = format!("({MOVED_LAST} , serial)] async fn t");
            assert!(asked.contains(&order), "{asked}");
            assert!(!asked.contains("Registration"), "{asked}");
        }
    }

    /// test-case would have rustc drop sync functions.
    #[test]
    fn a_sync_function_with_cases_is_made_async_and_registered_as_sync() {
        let asked = expanded("", "#[test_case(1)] fn t(a: u8) {}");
        let order = format!("({MOVED_LAST} , {NEVER_WAITS} ,)] async fn t");
        assert!(asked.contains(&order), "{asked}");
        let arguments = format!("{MOVED_LAST}, {NEVER_WAITS},");
        let answered = expanded(&arguments, "async fn case() {}");
        assert!(answered.contains("Body :: Sync (||"), "{answered}");
    }

    #[test]
    fn a_test_that_another_attribute_makes_for_libtest_is_registered_here() {
        let item = "#[::core::prelude::v1::test] async fn t() {}";
        let registered = expanded("", item);
        assert!(registered.contains("Registration"), "{registered}");
        assert!(!registered.contains("prelude :: v1"), "{registered}");
    }

    #[test]
    fn the_arguments_choose_the_runtime_of_a_test() {
        let arguments = "flavor = \"multi_thread\", worker_threads = 2";
        let registered = expanded(arguments, "async fn t() {}");
        let calls = ". multi_thread () . worker_threads (2usize)";
        assert!(registered.contains(calls), "{registered}");
        let registered = expanded("start_paused = true", "async fn t() {}");
        assert!(registered.contains(". start_paused (true)"), "{registered}");
    }
}
