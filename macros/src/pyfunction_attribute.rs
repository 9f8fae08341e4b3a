//! `#[pyfunction]`: an async function as a function of Python's.
//!
//! The function becomes one that PyO3's own attribute takes: it has the same arguments, is not async, and returns an
//! `AsyncCall`, which PyO3 converts as any other return value. The async function itself stands inside it. With `blocking` there
//! is a second such function, which returns a `BlockingCall`.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, FnArg, Ident, Meta, Pat, PatType, Result, ReturnType, Signature, Type,
};

use crate::borrowed_types;
use crate::crate_path::crate_path;
use crate::function::Function;
use crate::pyfunction_arguments::{Arguments, name_in, without_name};
use crate::runtime::Runtime;

/// Expands the attribute, or into its error.
pub(crate) fn expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> TokenStream {
    try_expand(runtime, arguments, item).unwrap_or_else(Error::into_compile_error)
}

fn try_expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let arguments = Arguments::parse(arguments)?;
    let function: Function = syn::parse2(item)?;
    check(&function, runtime)?;
    let parameters = Parameters::new(&function.signature)?;
    let krate = crate_path(arguments.krate.as_ref());
    let (outer, inner): (Vec<_>, Vec<_>) = function.attributes.iter().partition(is_outer);
    let (for_pyo3, visibility) = (&arguments.for_pyo3, &function.visibility);
    let (signature, name) = (&function.signature, &function.signature.ident);
    let output = output(&signature.output);
    let outer_parameters = &parameters.outer;
    let body = async_function(&function, &parameters, &inner);
    let python_name = python_name(&arguments, &function)?;
    let twin = match &arguments.blocking {
        Some(twin) => Some(Twin::new(
            twin,
            &python_name,
            &arguments,
            &function,
            &outer,
        )?),
        None => None,
    };
    let twin = twin.map(|twin| twin.expand(&krate, runtime, &parameters));
    let (module, runtime) = (runtime.module(), runtime.type_name());
    let mut call = call(&krate, &python_name, &parameters, &function);
    let mut returned = quote!(#krate::generic::AsyncCall);
    if arguments.is_future {
        returned = quote!(#krate::generic::FutureCall);
        call = quote!(#returned::new(#call));
    }
    Ok(quote! {
        #[#krate::generic::pyfunction(#for_pyo3)]
        #(#outer)*
        #visibility fn #name(#(#outer_parameters),*) -> #returned<#krate::#module::#runtime, #output> {
            #body
            #call
        }

        #twin
    })
}

/// The synchronous twin of an async function: another function of PyO3's, with the same arguments.
struct Twin<'a> {
    name: &'a Ident,
    function: &'a Function,
    attributes: Vec<TokenStream>,
    for_pyo3: TokenStream,
}

impl<'a> Twin<'a> {
    fn new(
        name: &'a Ident,
        python_name: &str,
        arguments: &Arguments,
        function: &'a Function,
        outer: &[&Attribute],
    ) -> Result<Self> {
        if *name == function.signature.ident || name.unraw() == python_name {
            let message = "the twin needs a name of its own, as in `blocking = \"fetch_sync\"`";
            return Err(Error::new(name.span(), message));
        }
        Ok(Self {
            name,
            function,
            attributes: attributes_of_twin(outer)?,
            for_pyo3: without_name(arguments.for_pyo3.clone())?,
        })
    }

    fn expand(
        &self,
        krate: &TokenStream,
        runtime: Runtime,
        parameters: &Parameters,
    ) -> TokenStream {
        let Self {
            name,
            function,
            attributes,
            for_pyo3,
        } = self;
        let (visibility, signature) = (&function.visibility, &function.signature);
        let (outer, output) = (&parameters.outer, output(&signature.output));
        let (module, runtime) = (runtime.module(), runtime.type_name());
        let function = &signature.ident;
        // Where a parameter has the function's name.
        let path = parameters.names.contains(function).then(|| quote!(self::));
        let arguments = &parameters.extracted;
        quote! {
            #[#krate::generic::pyfunction(#for_pyo3)]
            #(#attributes)*
            #visibility fn #name(#(#outer),*) -> #krate::generic::BlockingCall<#krate::#module::#runtime, #output> {
                #krate::generic::BlockingCall::new(#path #function(#(#arguments),*))
            }
        }
    }
}

/// The attributes of a function, for its synchronous twin: without the name of the function.
pub(crate) fn attributes_of_twin(attributes: &[&Attribute]) -> Result<Vec<TokenStream>> {
    let mut kept = Vec::new();
    for attribute in attributes {
        match &attribute.meta {
            Meta::List(list) if is_pyo3(attribute) => {
                let others = without_name(list.tokens.clone())?;
                if !others.is_empty() {
                    kept.push(quote!(#[pyo3(#others)]));
                }
            }
            // The twin calls the function.
            _ if attribute.path().is_ident("deprecated") => {
                kept.push(quote!(#attribute #[allow(deprecated)]));
            }
            _ => kept.push(attribute.to_token_stream()),
        }
    }
    Ok(kept)
}

/// The async function as it was written, without what is PyO3's.
fn async_function(
    function: &Function,
    parameters: &Parameters,
    attributes: &[&Attribute],
) -> TokenStream {
    let Signature {
        asyncness,
        fn_token,
        output,
        ..
    } = &function.signature;
    let (name, inputs, body) = (&parameters.inner_name, &parameters.inner, &function.body);
    quote! {
        #(#attributes)*
        #asyncness #fn_token #name(#(#inputs),*) #output #body
    }
}

/// The call of the async function, at the spots that errors about its future and about its output are to point at.
fn call(
    krate: &TokenStream,
    python_name: &str,
    parameters: &Parameters,
    function: &Function,
) -> TokenStream {
    let Parameters {
        inner_name, names, ..
    } = parameters;
    let output_span = output_span(&function.signature);
    let span = function.signature.ident.span();
    let call = quote_spanned!(span=> #inner_name(#(#names),*));
    // An error about the output points at the start of the path.
    let krate = at(output_span, krate);
    match &parameters.cancel_handle {
        // A closure would be clippy's `redundant_closure`.
        Some(_) if names.len() == 1 => quote_spanned! {output_span=>
            #krate::generic::AsyncCall::cancellable(#python_name, #inner_name)
        },
        Some(cancel_handle) => quote_spanned! {output_span=>
            #krate::generic::AsyncCall::cancellable(#python_name, |#cancel_handle| #call)
        },
        None => quote_spanned! {output_span=>
            #krate::generic::AsyncCall::new(#python_name, #call)
        },
    }
}

/// Returns the tokens of a path, with the span.
pub(crate) fn at(span: Span, tokens: &TokenStream) -> TokenStream {
    let at_span = |mut token: TokenTree| {
        token.set_span(span);
        token
    };
    tokens.clone().into_iter().map(at_span).collect()
}

fn check(function: &Function, runtime: Runtime) -> Result<()> {
    let signature = &function.signature;
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        let message = format!(
            "this attribute is for functions: in `#[pymethods]` write a `fn` that takes `slf: Py<Self>` and returns \
             `pyo3_aio::{}::into_coroutine(py, async move {{ .. }})`",
            runtime.module()
        );
        return Err(Error::new_spanned(receiver, message));
    }
    if signature.asyncness.is_none() {
        let message = "this function is not async: add `async`, or write PyO3's `#[pyfunction]`";
        return Err(Error::new_spanned(signature.fn_token, message));
    }
    check_qualifiers(function)
}

/// Refuses generic, unsafe, const and extern functions.
pub(crate) fn check_qualifiers(function: &Function) -> Result<()> {
    let signature = &function.signature;
    if !signature.generics.params.is_empty() {
        let message = "a Python function cannot be generic: write its types, `Py<PyAny>` for any object, and no lifetimes";
        return Err(Error::new_spanned(&signature.generics, message));
    }
    function.check_qualifiers("a Python function")
}

/// The parameters of the two functions.
pub(crate) struct Parameters {
    /// The parameters that PyO3 extracts.
    pub(crate) outer: Vec<TokenStream>,
    /// The parameters of the async function.
    pub(crate) inner: Vec<TokenStream>,
    /// The names of `outer`.
    extracted: Vec<Ident>,
    /// The names of `inner`.
    pub(crate) names: Vec<Ident>,
    pub(crate) cancel_handle: Option<Ident>,
    /// The name of the async function, which no parameter has.
    inner_name: Ident,
}

impl Parameters {
    pub(crate) fn new(signature: &Signature) -> Result<Self> {
        let mut parameters = Self {
            outer: Vec::new(),
            extracted: Vec::new(),
            inner: Vec::new(),
            names: Vec::new(),
            cancel_handle: None,
            inner_name: signature.ident.clone(),
        };
        for input in &signature.inputs {
            if let FnArg::Typed(typed) = input {
                parameters.add(typed)?;
            }
        }
        if parameters.names.contains(&signature.ident) {
            parameters.inner_name = format_ident!("__async_{}", signature.ident.unraw());
        }
        Ok(parameters)
    }

    fn add(&mut self, typed: &PatType) -> Result<()> {
        let PatType { attrs, pat, ty, .. } = typed;
        let Pat::Ident(pattern) = &**pat else {
            let message = "an argument of a Python function is a name";
            return Err(Error::new_spanned(pat, message));
        };
        let name = &pattern.ident;
        if attrs.iter().any(is_cancel_handle) {
            if self.cancel_handle.is_some() {
                let message = "`cancel_handle` may only be specified once";
                return Err(Error::new_spanned(name, message));
            }
            self.cancel_handle = Some(name.clone());
        } else {
            refuse_bare_cancel_handle(ty)?;
            borrowed_types::refuse(ty)?;
            self.outer.push(quote!(#(#attrs)* #name: #ty));
            self.extracted.push(name.clone());
        }
        let others = attrs.iter().filter(|attribute| !is_pyo3(attribute));
        self.inner.push(quote!(#(#others)* #pattern: #ty));
        self.names.push(name.clone());
        Ok(())
    }
}

fn refuse_bare_cancel_handle(argument: &Type) -> Result<()> {
    match argument {
        Type::Path(path)
            if path
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "CancelHandle") =>
        {
            let message = "Python passes no cancel handle: write `#[pyo3(cancel_handle)]` before the argument";
            Err(Error::new_spanned(argument, message))
        }
        _ => Ok(()),
    }
}

/// The spot of the return type, or of the name of a function that returns nothing.
pub(crate) fn output_span(signature: &Signature) -> Span {
    match &signature.output {
        ReturnType::Default => signature.ident.span(),
        ReturnType::Type(_, output) => output.span(),
    }
}

pub(crate) fn output(output: &ReturnType) -> TokenStream {
    match output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, output) => output.to_token_stream(),
    }
}

/// The name that Python sees.
fn python_name(arguments: &Arguments, function: &Function) -> Result<String> {
    if let Some(name) = &arguments.name {
        return Ok(name.clone());
    }
    let name = given_name(&function.attributes)?;
    Ok(name.unwrap_or_else(|| function.signature.ident.unraw().to_string()))
}

/// The name in `#[pyo3(name = "..")]`.
pub(crate) fn given_name(attributes: &[Attribute]) -> Result<Option<String>> {
    for attribute in attributes.iter().filter(|attribute| is_pyo3(attribute)) {
        let Meta::List(list) = &attribute.meta else {
            continue;
        };
        if let Some(name) = name_in(list.tokens.clone())? {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Whether an attribute is for the function that Python calls. Attributes of other crates (`#[tracing::instrument]`) are
/// for the async function.
fn is_outer(attribute: &&Attribute) -> bool {
    [
        "pyo3",
        "doc",
        "cfg",
        "cfg_attr",
        "deprecated",
        "must_use",
        "allow",
        "expect",
        "warn",
        "deny",
        "forbid",
    ]
    .iter()
    .any(|name| attribute.path().is_ident(name))
}

pub(crate) fn is_pyo3(attribute: &Attribute) -> bool {
    attribute.path().is_ident("pyo3")
}

fn is_cancel_handle(attribute: &Attribute) -> bool {
    is_pyo3(attribute)
        && attribute
            .parse_args::<Ident>()
            .is_ok_and(|argument| argument == "cancel_handle")
}
