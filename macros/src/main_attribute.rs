//! `#[main]`: an async function as the program's main function.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Path, Result};

use crate::arguments;
use crate::crate_path::crate_path;
use crate::flavor::Flavor;
use crate::function::Function;
use crate::runtime::Runtime;
use crate::tokio_arguments::MAIN;
use crate::usage::{CRATE, CURRENT_THREAD, Usage, WORKER_THREADS};

/// Expands the attribute, or into its error beside the function as it was, so that nothing else is reported.
pub(crate) fn expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> TokenStream {
    try_expand(runtime, arguments, item.clone()).unwrap_or_else(|error| {
        let error = error.into_compile_error();
        // A `fn main` that stays async would be a second error.
        quote!(#error fn main() {})
    })
}

fn try_expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let settings = MainSettings::parse(runtime, arguments)?;
    let function: Function = syn::parse2(item)?;
    check(&function)?;
    let Function {
        attributes,
        visibility,
        signature,
        body,
    } = function;
    let krate = crate_path(settings.krate.as_ref());
    let (name, output) = (&signature.ident, &signature.output);
    let prepare = settings.prepare(runtime, &krate);
    let (module, runtime) = (runtime.module(), runtime.type_name());
    let call = quote_spanned!(output.span()=>
        #krate::entry::run::<#krate::#module::#runtime, _>(#prepare, #name())
    );
    Ok(quote! {
        #visibility fn #name() -> ::std::process::ExitCode {
            #(#attributes)*
            async fn #name() #output #body
            #call
        }
    })
}

fn check(function: &Function) -> Result<()> {
    let signature = &function.signature;
    if signature.asyncness.is_none() {
        let message = "the main function must be async, or have no attribute";
        return Err(Error::new_spanned(signature.fn_token, message));
    }
    if !signature.inputs.is_empty() {
        return Err(Error::new_spanned(
            &signature.inputs,
            "the main function takes no arguments",
        ));
    }
    function.check_plain("the main function")
}

/// The settings that the attribute's arguments make.
#[derive(Default)]
struct MainSettings {
    krate: Option<Path>,
    flavor: Flavor,
}

impl MainSettings {
    fn parse(runtime: Runtime, arguments: TokenStream) -> Result<Self> {
        let mut settings = Self::default();
        for argument in arguments::parse(arguments, known(runtime))? {
            if !settings.flavor.set(&argument)? {
                // `known` leaves `crate`.
                settings.krate = Some(argument.path()?);
            }
        }
        let is_multi_thread = settings.flavor.is_multi_thread(true);
        settings.flavor.check(MAIN, is_multi_thread)?;
        Ok(settings)
    }

    /// A closure that sets the runtime up as the arguments ask for. A runtime that exists already stays.
    fn prepare(&self, runtime: Runtime, krate: &TokenStream) -> TokenStream {
        match runtime {
            Runtime::Tokio => self.prepare_tokio(krate),
            Runtime::AsyncStd | Runtime::Smol => quote!(|| ()),
        }
    }

    fn prepare_tokio(&self, krate: &TokenStream) -> TokenStream {
        let tokio = quote!(#krate::tokio);
        match (
            self.flavor.is_multi_thread(true),
            self.flavor.worker_threads(),
        ) {
            (false, _) => quote!(|| ::core::mem::drop(#tokio::init_current_thread())),
            // One worker thread for each core, as by default.
            (true, None) => quote!(|| ::core::mem::drop(#tokio::init_multi_thread())),
            (true, Some(count)) => quote!(|| {
                let mut builder = #tokio::re_exports::runtime::Builder::new_multi_thread();
                builder.enable_all().worker_threads(#count);
                ::core::mem::drop(#tokio::init(builder));
            }),
        }
    }
}

fn known(runtime: Runtime) -> &'static [Usage] {
    match runtime {
        Runtime::Tokio => &[CURRENT_THREAD, WORKER_THREADS, CRATE],
        Runtime::AsyncStd | Runtime::Smol => &[CRATE],
    }
}
