//! `#[test]`: a function that the harness finds and runs.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, Lit, LitStr, Meta, Path, Result, Token};

use crate::arguments;
use crate::crate_path::crate_path;
use crate::function::Function;
use crate::runtime::Runtime;

/// Expands the attribute, or into its error beside the function as it was, so that nothing else is reported.
pub(crate) fn expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> TokenStream {
    try_expand(runtime, arguments, item.clone()).unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#error #item)
    })
}

fn try_expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let settings = Settings::parse(arguments.clone())?;
    let mut function: Function = syn::parse2(item)?;
    let krate = crate_path(settings.krate.as_ref());
    if function.attributes.iter().any(is_conditional) {
        // The compiler takes attributes in their order: it decides these before the last one, which is asked again.
        let module = runtime.module();
        let Function {
            attributes,
            visibility,
            signature,
            body,
        } = function;
        return Ok(
            quote!(#(#attributes)* #[#krate::#module::test(#arguments)] #visibility #signature #body),
        );
    }
    check(&function)?;
    let marks = Marks::take_from(&mut function.attributes)?;
    let registration = register(runtime, &krate, &function, &marks);
    Ok(quote!(#function #registration))
}

fn is_conditional(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr")
}

fn check(function: &Function) -> Result<()> {
    let signature = &function.signature;
    if let Some(receiver) = signature.receiver() {
        return Err(Error::new_spanned(receiver, "a test cannot be a method"));
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
    marks: &Marks,
) -> TokenStream {
    let name = &function.signature.ident;
    let text = LitStr::new(&name.to_string(), name.span());
    let private = quote!(#krate::testing::__private);
    let constant = runtime.constant();
    let body = body(&private, function);
    // The tokens' place is what `line!` reports: the function's name, as with libtest.
    let place = quote_spanned!(name.span()=> ::core::file!(), ::core::line!(), ::core::column!());
    quote! {
        #private::inventory::submit! {
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

/// What the attribute's arguments ask for.
#[derive(Default)]
struct Settings {
    krate: Option<Path>,
}

impl Settings {
    fn parse(arguments: TokenStream) -> Result<Self> {
        let mut settings = Self::default();
        for argument in arguments::parse(arguments)? {
            match argument.name.to_string().as_str() {
                "crate" => settings.krate = Some(argument.path()?),
                _ => return Err(arguments::unknown(&argument.name, &["crate"])),
            }
        }
        Ok(settings)
    }
}

/// The attributes of libtest that stand beside this one.
#[derive(Default)]
struct Marks {
    /// `#[ignore]`, with its reason or an empty one.
    ignored: Option<LitStr>,
    /// `#[should_panic]`, with the text that is expected or an empty one.
    should_panic: Option<LitStr>,
}

impl Marks {
    fn take_from(attributes: &mut Vec<Attribute>) -> Result<Self> {
        let mut marks = Self::default();
        let mut others = Vec::with_capacity(attributes.len());
        for attribute in attributes.drain(..) {
            if attribute.path().is_ident("ignore") {
                marks.ignored = Some(reason(&attribute)?);
            } else if attribute.path().is_ident("should_panic") {
                marks.should_panic = Some(expected_panic(&attribute)?);
            } else if attribute.path().is_ident("test") {
                let message =
                    "this is registered twice: remove `#[test]`, which would run it without Python";
                return Err(Error::new_spanned(&attribute, message));
            } else {
                others.push(attribute);
            }
        }
        *attributes = others;
        Ok(marks)
    }
}

impl ToTokens for Marks {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        if let Some(reason) = &self.ignored {
            tokens.extend(quote!(.ignored(#reason)));
        }
        if let Some(expected) = &self.should_panic {
            tokens.extend(quote!(.should_panic(#expected)));
        }
    }
}

/// Reads `#[ignore]` and `#[ignore = "why"]`.
fn reason(attribute: &Attribute) -> Result<LitStr> {
    match &attribute.meta {
        Meta::Path(path) => Ok(LitStr::new("", path.span())),
        Meta::NameValue(pair) => text(&pair.value),
        Meta::List(_) => Err(Error::new_spanned(
            attribute,
            "expected `#[ignore]` or `#[ignore = \"why\"]`",
        )),
    }
}

/// Reads `#[should_panic]`, `#[should_panic = "text"]` and `#[should_panic(expected = "text")]`.
fn expected_panic(attribute: &Attribute) -> Result<LitStr> {
    match &attribute.meta {
        Meta::Path(path) => Ok(LitStr::new("", path.span())),
        Meta::NameValue(pair) => text(&pair.value),
        Meta::List(list) => list.parse_args_with(|input: syn::parse::ParseStream<'_>| {
            let name: Ident = input.parse()?;
            if name != "expected" {
                return Err(Error::new(name.span(), "expected `expected = \"...\"`"));
            }
            input.parse::<Token![=]>()?;
            let expected = input.parse()?;
            input.parse::<Option<Token![,]>>()?;
            Ok(expected)
        }),
    }
}

fn text(value: &Expr) -> Result<LitStr> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Ok(text.clone()),
            other => Err(Error::new(other.span(), "expected a string")),
        },
        other => Err(Error::new_spanned(other, "expected a string")),
    }
}
