//! `#[pymethods]`: async methods of a class of Python's, beside those that are not async and stay PyO3's.
//!
//! An async method moves to an `impl` block of its own, for Rust. In its place PyO3 gets a method that keeps the object,
//! and returns an `AsyncCall`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, Meta, Receiver, ReceiverKind,
    Result, Signature,
};

use crate::crate_path::crate_path;
use crate::function::Function;
use crate::pyfunction_arguments::{Arguments, twin_name};
use crate::pyfunction_attribute::{
    Parameters, at, attributes_of_twin, check_qualifiers, given_name, is_pyo3, output, output_span,
};
use crate::runtime::Runtime;

/// Expands the attribute, or into its error.
pub(crate) fn expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> TokenStream {
    try_expand(runtime, arguments, item).unwrap_or_else(Error::into_compile_error)
}

fn try_expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let Arguments {
        krate,
        is_future,
        blocking,
        for_pyo3,
        ..
    } = Arguments::parse(arguments.clone())?;
    if is_future {
        let message = "`future` is for functions: methods return coroutines";
        return Err(Error::new_spanned(arguments, message));
    }
    if let Some(twin) = blocking {
        let message = format!(
            "`blocking` is for functions: write `#[blocking = \"{twin}\"]` before a method"
        );
        return Err(Error::new_spanned(arguments, message));
    }
    let mut item: ItemImpl = syn::parse2(item)
        .map_err(|error| Error::new(error.span(), "only `impl` blocks can have this attribute"))?;
    let krate = crate_path(krate.as_ref());
    let mut moved = Vec::new();
    for impl_item in &mut item.items {
        let ImplItem::Fn(method) = impl_item else {
            continue;
        };
        if method.sig.asyncness.is_some() {
            let method = Method::new(method)?;
            moved.push(method.for_rust());
            *impl_item = ImplItem::Verbatim(method.for_pyo3(&krate, runtime)?);
        } else if let Some(attribute) = method.attrs.iter().find(|attribute| is_blocking(attribute))
        {
            let message = "this method is not async, so that it has no synchronous twin";
            return Err(Error::new_spanned(attribute, message));
        }
    }
    let class = &item.self_ty;
    let lints = item.attrs.iter().filter(|attribute| is_lint(attribute));
    Ok(quote! {
        #[#krate::generic::pymethods(#for_pyo3)]
        #item

        #(#lints)*
        impl #class {
            #(#moved)*
        }
    })
}

/// An async method as it was written.
struct Method {
    function: Function,
    parameters: Parameters,
    receiver: Option<Receiver>,
    /// The name of the synchronous twin, from `#[blocking = ".."]`.
    twin: Option<Ident>,
}

impl Method {
    fn new(method: &ImplItemFn) -> Result<Self> {
        let (blocking, attributes) = method.attrs.iter().cloned().partition(is_blocking);
        let function = Function {
            attributes,
            visibility: method.vis.clone(),
            signature: method.sig.clone(),
            body: method.block.to_token_stream(),
        };
        check_qualifiers(&function)?;
        refuse_attributes(&function.attributes)?;
        let receiver = match function.signature.inputs.first() {
            Some(FnArg::Receiver(receiver)) => Some(shared(receiver)?.clone()),
            _ => None,
        };
        Ok(Self {
            parameters: Parameters::new(&function.signature)?,
            twin: twin(blocking, &function.signature)?,
            function,
            receiver,
        })
    }

    /// The method without what is PyO3's.
    fn for_rust(&self) -> TokenStream {
        let Function {
            attributes,
            visibility,
            signature,
            body,
        } = &self.function;
        let attributes = attributes
            .iter()
            .filter(|attribute| !is_pyo3(attribute) && !is_binding(attribute));
        let (name, output) = (&signature.ident, &signature.output);
        let receiver = self.receiver.iter().map(ToTokens::to_token_stream);
        let inputs = receiver.chain(self.parameters.inner.iter().cloned());
        quote! {
            #(#attributes)*
            #visibility async fn #name(#(#inputs),*) #output #body
        }
    }

    /// The method that PyO3 gets, and its synchronous twin.
    fn for_pyo3(&self, krate: &TokenStream, runtime: Runtime) -> Result<TokenStream> {
        let given = given_name(&self.function.attributes)?;
        let name = self.function.signature.ident.unraw().to_string();
        let rename = match &given {
            Some(_) => None,
            None => Some(quote!(#[pyo3(name = #name)])),
        };
        let python_name = given.unwrap_or(name);
        let attributes = self.outer_attributes();
        let call = self.call(krate, &python_name);
        let wrapper = self.wrapper(
            &format!("__async_{}", self.function.signature.ident.unraw()),
            quote!(#(#attributes)* #rename),
            quote!(#krate::generic::AsyncCall),
            (krate, runtime, &python_name),
            &call,
        );
        let twin = match &self.twin {
            Some(twin) => Some(self.twin_for_pyo3(twin, krate, runtime, &python_name)?),
            None => None,
        };
        Ok(quote!(#wrapper #twin))
    }

    fn twin_for_pyo3(
        &self,
        twin: &Ident,
        krate: &TokenStream,
        runtime: Runtime,
        python_name: &str,
    ) -> Result<TokenStream> {
        let name = twin.unraw().to_string();
        if name == python_name || python_name.starts_with("__") {
            let message = match name == python_name {
                true => "the twin needs a name of its own, as in `#[blocking = \"fetch_sync\"]`"
                    .to_owned(),
                false => format!(
                    "Python's syntax calls and awaits `{python_name}`, so that it has no synchronous twin"
                ),
            };
            return Err(Error::new(twin.span(), message));
        }
        let attributes = attributes_of_twin(&self.outer_attributes())?;
        let call = self.call(krate, python_name);
        Ok(self.wrapper(
            &format!("__blocking_{}", self.function.signature.ident.unraw()),
            quote!(#(#attributes)* #[pyo3(name = #name)]),
            quote!(#krate::generic::BlockingCall),
            (krate, runtime, python_name),
            &quote!(#krate::generic::BlockingCall::new(#call)),
        ))
    }

    /// A method that keeps its object and its arguments, and returns a call of the type.
    fn wrapper(
        &self,
        name: &str,
        attributes: TokenStream,
        returned: TokenStream,
        (krate, runtime, python_name): (&TokenStream, Runtime, &str),
        call: &TokenStream,
    ) -> TokenStream {
        // At the attribute's own spot, so that lints about names leave it alone.
        let name = Ident::new(name, Span::call_site());
        let receiver = self
            .receiver
            .iter()
            .map(|receiver| quote_spanned!(receiver.span()=> __slf: #krate::generic::Py<Self>));
        let inputs = receiver.chain(self.parameters.outer.iter().cloned());
        let mut output = output(&self.function.signature.output);
        if python_name == "__anext__" {
            output = quote!(#krate::generic::AnextOutput<#output>);
        }
        let (module, runtime) = (runtime.module(), runtime.type_name());
        quote! {
            #attributes
            fn #name(#(#inputs),*) -> #returned<#krate::#module::#runtime, #output> {
                static NAME: ::std::sync::OnceLock<::std::string::String> = ::std::sync::OnceLock::new();
                let __name = #krate::generic::qualified_name::<Self>(&NAME, #python_name);
                #call
            }
        }
    }

    /// The attributes for the methods that PyO3 gets.
    fn outer_attributes(&self) -> Vec<&Attribute> {
        let is_outer = |attribute: &&Attribute| {
            is_pyo3(attribute)
                || is_binding(attribute)
                || ["doc", "cfg", "cfg_attr"]
                    .iter()
                    .any(|name| attribute.path().is_ident(name))
        };
        self.function.attributes.iter().filter(is_outer).collect()
    }

    fn call(&self, krate: &TokenStream, python_name: &str) -> TokenStream {
        let signature = &self.function.signature;
        let (name, span) = (&signature.ident, signature.ident.span());
        let receiver = self.receiver.iter().map(|receiver| {
            // An error about the class points at `&self`.
            let krate = at(receiver.span(), krate);
            quote_spanned!(receiver.span()=> #krate::generic::frozen(&__slf))
        });
        let names = self.parameters.names.iter().map(ToTokens::to_token_stream);
        let arguments = receiver.chain(names);
        let mut awaited = quote_spanned!(span=> Self::#name(#(#arguments),*).await);
        if python_name == "__anext__" {
            awaited = quote!(#krate::generic::AnextOutput(#awaited));
        }
        let future = quote_spanned!(span=> async move { #awaited });
        let output_span = output_span(signature);
        let krate = at(output_span, krate);
        match &self.parameters.cancel_handle {
            Some(cancel_handle) => quote_spanned! {output_span=>
                #krate::generic::AsyncCall::cancellable(__name, move |#cancel_handle| #future)
            },
            None => quote_spanned!(output_span=> #krate::generic::AsyncCall::new(__name, #future)),
        }
    }
}

/// Refuses what a future cannot keep: anything but `&self`.
fn shared(receiver: &Receiver) -> Result<&Receiver> {
    match &receiver.kind {
        ReceiverKind::Reference(_, _, None) => Ok(receiver),
        _ => {
            let message = "an async method shares its object with other calls: write `&self` in a frozen class, with a \
                           `Mutex` for what changes, or `slf: Py<Self>`";
            Err(Error::new_spanned(receiver, message))
        }
    }
}

/// Refuses attributes for what Python calls without awaiting it.
fn refuse_attributes(attributes: &[Attribute]) -> Result<()> {
    for name in ["new", "init", "getter", "setter", "deleter", "classattr"] {
        let is_it = |attribute: &&Attribute| attribute.path().is_ident(name);
        if let Some(attribute) = attributes.iter().find(is_it) {
            let message = format!(
                "`#[{name}]` cannot be async, because Python awaits nothing there: write an async method, or a \
                 `#[staticmethod]`"
            );
            return Err(Error::new_spanned(attribute, message));
        }
    }
    Ok(())
}

/// Whether an attribute is for the code of the methods. An `expect` may be for that of PyO3's block alone.
fn is_lint(attribute: &Attribute) -> bool {
    ["allow", "warn", "deny", "forbid"]
        .iter()
        .any(|name| attribute.path().is_ident(name))
}

fn is_blocking(attribute: &Attribute) -> bool {
    attribute.path().is_ident("blocking")
}

/// Reads the name of the synchronous twin from `#[blocking = ".."]`.
fn twin(attributes: Vec<Attribute>, signature: &Signature) -> Result<Option<Ident>> {
    let mut attributes = attributes.into_iter();
    let Some(attribute) = attributes.next() else {
        return Ok(None);
    };
    if let Some(second) = attributes.next() {
        return Err(Error::new_spanned(
            second,
            "`blocking` is given more than once",
        ));
    }
    let value = match &attribute.meta {
        Meta::NameValue(value) => value.value.to_token_stream(),
        _ => {
            let name = signature.ident.unraw();
            let message = format!(
                "write the name of the synchronous twin, as in `#[blocking = \"{name}_sync\"]`"
            );
            return Err(Error::new_spanned(attribute, message));
        }
    };
    twin_name.parse2(value).map(Some)
}

fn is_binding(attribute: &Attribute) -> bool {
    attribute.path().is_ident("classmethod") || attribute.path().is_ident("staticmethod")
}
