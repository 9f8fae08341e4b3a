//! `#[main]`: an async function as the program's main function.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, LitInt, Path, Result};

use crate::arguments::{self, Argument, CRATE, Usage};
use crate::crate_path::crate_path;
use crate::function::Function;
use crate::runtime::Runtime;

/// Expands the attribute, or into its error beside the function as it was, so that nothing else is reported.
pub(crate) fn expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> TokenStream {
    try_expand(runtime, arguments, item.clone()).unwrap_or_else(|error| {
        let error = error.into_compile_error();
        // A `fn main` that stays async would be a second error.
        quote!(#error fn main() {})
    })
}

fn try_expand(runtime: Runtime, arguments: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let settings = Settings::parse(runtime, arguments)?;
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
    let start = settings.start(runtime, &krate);
    let call = quote_spanned!(output.span()=> #krate::entry::run(#start, #name()));
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

/// What the attribute's arguments ask for.
#[derive(Default)]
struct Settings {
    krate: Option<Path>,
    current_thread: Option<Span>,
    worker_threads: Option<LitInt>,
}

impl Settings {
    fn parse(runtime: Runtime, arguments: TokenStream) -> Result<Self> {
        let mut settings = Self::default();
        for argument in arguments::parse(arguments, known(runtime))? {
            settings.set(&argument)?;
        }
        match (&settings.worker_threads, settings.current_thread) {
            (Some(count), Some(_)) => {
                let message = "`worker_threads` needs `flavor = \"multi_thread\"`";
                Err(Error::new(count.span(), message))
            }
            _ => Ok(settings),
        }
    }

    fn set(&mut self, argument: &Argument) -> Result<()> {
        match argument.name.to_string().as_str() {
            "flavor" => self.set_flavor(argument)?,
            "worker_threads" => self.worker_threads = Some(worker_threads(argument)?),
            // The one that is left is `crate`.
            _ => self.krate = Some(argument.path()?),
        }
        Ok(())
    }

    fn set_flavor(&mut self, argument: &Argument) -> Result<()> {
        let flavor = argument.string()?;
        match flavor.value().as_str() {
            "multi_thread" => {}
            "current_thread" => self.current_thread = Some(flavor.span()),
            other => {
                let message = format!(
                    "unknown flavor `{other}`; there is `multi_thread` and `current_thread`"
                );
                return Err(Error::new(flavor.span(), message));
            }
        }
        Ok(())
    }

    /// The expression that starts the runtime.
    fn start(&self, runtime: Runtime, krate: &TokenStream) -> TokenStream {
        let module: Ident = runtime.module();
        match (runtime, self.current_thread, &self.worker_threads) {
            (Runtime::Tokio, Some(_), _) => quote!(#krate::entry::TokioCurrentThread),
            (Runtime::Tokio, None, Some(count)) => {
                quote!(#krate::entry::TokioMultiThread::workers(#count))
            }
            (Runtime::Tokio, None, None) => quote!(#krate::entry::TokioMultiThread::new()),
            _ => {
                let start = Ident::new(
                    if module == "smol" { "Smol" } else { "AsyncStd" },
                    Span::call_site(),
                );
                quote!(#krate::entry::#start)
            }
        }
    }
}

fn known(runtime: Runtime) -> &'static [Usage] {
    match runtime {
        Runtime::Tokio => &["flavor = \"current_thread\"", "worker_threads = 2", CRATE],
        Runtime::AsyncStd | Runtime::Smol => &[CRATE],
    }
}

fn worker_threads(argument: &Argument) -> Result<LitInt> {
    let count = argument.integer()?;
    if count.base10_parse::<usize>()? == 0 {
        return Err(Error::new(
            count.span(),
            "`worker_threads` must be at least 1",
        ));
    }
    Ok(count.clone())
}
