//! The arguments of `#[pyfunction]`: three of its own, and PyO3's, which are passed on as they are.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Ident, LitStr, Path, Result, Token};

/// The arguments.
#[derive(Default)]
pub(crate) struct Arguments {
    /// The library, under a name that is not in the manifest.
    pub(crate) krate: Option<Path>,
    /// Whether the function returns a future that has started.
    pub(crate) is_future: bool,
    /// The name of the synchronous twin, if there is to be one.
    pub(crate) blocking: Option<Ident>,
    /// The name that Python sees, if it is given.
    pub(crate) name: Option<String>,
    /// PyO3's arguments.
    pub(crate) for_pyo3: TokenStream,
}

impl Arguments {
    pub(crate) fn parse(arguments: TokenStream) -> Result<Self> {
        let parser = |input: ParseStream<'_>| {
            let mut parsed = Self::default();
            while !input.is_empty() {
                parsed.parse_one(input)?;
            }
            Ok(parsed)
        };
        parser.parse2(arguments)
    }

    fn parse_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        let name = input.fork().call(Ident::parse_any).ok();
        match name.map(|name| name.to_string()).as_deref() {
            Some("future") => {
                let name = input.call(Ident::parse_any)?;
                if input.peek(Token![=]) {
                    return Err(Error::new(name.span(), "`future` takes no value"));
                }
                self.is_future = true;
                end(input)
            }
            Some("blocking") => {
                let name = input.call(Ident::parse_any)?;
                if !input.peek(Token![=]) {
                    return Err(Error::new(name.span(), needs_twin_name()));
                }
                input.parse::<Token![=]>()?;
                let twin = twin_name(input)?;
                if self.blocking.replace(twin).is_some() {
                    let message = "`blocking` is given more than once";
                    return Err(Error::new(name.span(), message));
                }
                end(input)
            }
            Some("crate") => {
                input.call(Ident::parse_any)?;
                input.parse::<Token![=]>()?;
                self.krate = Some(path(&input.parse()?)?);
                end(input)
            }
            _ => {
                let argument = until_comma(input)?;
                self.name = self.name.take().or(name_in(argument.clone())?);
                self.for_pyo3.extend(argument);
                if let Some(comma) = input.parse::<Option<Token![,]>>()? {
                    self.for_pyo3.extend(quote::quote!(#comma));
                }
                Ok(())
            }
        }
    }
}

/// Returns the value of `name = ".."` among arguments of PyO3's.
pub(crate) fn name_in(arguments: TokenStream) -> Result<Option<String>> {
    let parser = |input: ParseStream<'_>| {
        let mut found = None;
        while !input.is_empty() {
            let argument = until_comma(input)?;
            input.parse::<Option<Token![,]>>()?;
            let name = |input: ParseStream<'_>| {
                let name = input.call(Ident::parse_any)?;
                input.parse::<Token![=]>()?;
                Ok((name, input.parse::<LitStr>()?))
            };
            // Anything else is PyO3's to read.
            match name.parse2(argument) {
                Ok((name, value)) if name == "name" => found = Some(value.value()),
                _ => {}
            }
        }
        Ok(found)
    };
    parser.parse2(arguments)
}

/// Returns arguments of PyO3's without `name = ".."`.
pub(crate) fn without_name(arguments: TokenStream) -> Result<TokenStream> {
    let parser = |input: ParseStream<'_>| {
        let mut others = TokenStream::new();
        while !input.is_empty() {
            let argument = until_comma(input)?;
            input.parse::<Option<Token![,]>>()?;
            if name_in(argument.clone())?.is_none() {
                others.extend(quote::quote!(#argument,));
            }
        }
        Ok(others)
    };
    parser.parse2(arguments)
}

/// Parses the name of a synchronous twin, which is a string with an identifier.
pub(crate) fn twin_name(input: ParseStream<'_>) -> Result<Ident> {
    let span = input.span();
    let value: LitStr = input
        .parse()
        .map_err(|_| Error::new(span, needs_twin_name()))?;
    value.parse().map_err(|_| {
        let message = "the twin is a function of Rust too, so its name is an identifier, as in \
                       `blocking = \"fetch_sync\"`";
        Error::new(value.span(), message)
    })
}

fn needs_twin_name() -> &'static str {
    "`blocking` needs the name of the synchronous twin, as in `blocking = \"fetch_sync\"`"
}

fn until_comma(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut argument = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        argument.extend([input.parse::<TokenTree>()?]);
    }
    Ok(argument)
}

fn end(input: ParseStream<'_>) -> Result<()> {
    match input.is_empty() {
        true => Ok(()),
        false => input.parse::<Token![,]>().map(drop),
    }
}

fn path(value: &LitStr) -> Result<Path> {
    value.parse_with(Path::parse_mod_style).map_err(|_| {
        let message = "expected the path of a crate, as in `crate = \"::pyo3_aio\"`";
        Error::new(value.span(), message)
    })
}
