//! The arguments of an attribute: `name = literal` or a bare `name`, separated by commas.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Lit, LitInt, LitStr, Path, Result, Token};

/// One argument; what it may be is decided by the attribute.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    value: Option<Lit>,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        // `crate` and `loop` are keywords.
        let name = input.call(Ident::parse_any)?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse::<Lit>().map_err(|error| {
                Error::new(
                    error.span(),
                    format!("the value of `{name}` must be a literal"),
                )
            })?),
            None => None,
        };
        Ok(Self { name, value })
    }
}

impl Argument {
    pub(crate) fn string(&self) -> Result<&LitStr> {
        match &self.value {
            Some(Lit::Str(value)) => Ok(value),
            other => Err(self.wrong_value(other.as_ref(), "a string")),
        }
    }

    pub(crate) fn integer(&self) -> Result<&LitInt> {
        match &self.value {
            Some(Lit::Int(value)) => Ok(value),
            other => Err(self.wrong_value(other.as_ref(), "an integer")),
        }
    }

    /// Accepts a bare name.
    pub(crate) fn flag(&self) -> Result<()> {
        match &self.value {
            None => Ok(()),
            Some(value) => Err(Error::new(
                value.span(),
                format!("`{}` takes no value", self.name),
            )),
        }
    }

    /// Reads `crate = "path"`.
    pub(crate) fn path(&self) -> Result<Path> {
        let value = self.string()?;
        value.parse_with(Path::parse_mod_style).map_err(|_| {
            Error::new(
                value.span(),
                "expected the path of a crate, as in `crate = \"::pyo3_aio\"`",
            )
        })
    }

    fn wrong_value(&self, value: Option<&Lit>, expected: &str) -> Error {
        let name = &self.name;
        match value {
            Some(value) => Error::new(
                value.span(),
                format!("the value of `{name}` must be {expected}"),
            ),
            None => Error::new(
                name.span(),
                format!("`{name}` needs {expected}: `{name} = ...`"),
            ),
        }
    }
}

/// Reads the arguments and refuses one that is given twice.
pub(crate) fn parse(arguments: TokenStream) -> Result<Vec<Argument>> {
    let list = Punctuated::<Argument, Token![,]>::parse_terminated.parse2(arguments)?;
    let mut seen: Vec<Argument> = Vec::new();
    for argument in list {
        if seen.iter().any(|earlier| earlier.name == argument.name) {
            let message = format!("`{}` is given more than once", argument.name);
            return Err(Error::new(argument.name.span(), message));
        }
        seen.push(argument);
    }
    Ok(seen)
}

/// Says what an attribute knows instead of `name`.
pub(crate) fn unknown(name: &Ident, known: &[&str]) -> Error {
    let known: Vec<_> = known.iter().map(|known| format!("`{known}`")).collect();
    let message = format!("unknown argument `{name}`; there is {}", known.join(", "));
    Error::new(name.span(), message)
}
