//! The arguments of an attribute: `name = literal` or a bare `name`, separated by commas.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Error, Lit, LitInt, LitStr, Path, Result, Token};

/// An argument that an attribute has, as an example of its use: `name = "value"` or a bare `name`.
pub(crate) type Usage = &'static str;

/// The argument of every attribute.
pub(crate) const CRATE: Usage = "crate = \"::pyo3_aio\"";

/// One argument; what its value may be is decided by the attribute.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    value: Option<Lit>,
    usage: Usage,
}

impl Argument {
    fn parse(input: ParseStream<'_>, known: &[Usage]) -> Result<Self> {
        // `crate` and `loop` are keywords.
        let name = input.call(Ident::parse_any).map_err(|error| {
            let message = format!("an argument begins with its name, as in `{}`", known[0]);
            Error::new(error.span(), message)
        })?;
        let usage = usage_of(&name, known)?;
        let value = match input.parse::<Option<Token![=]>>()? {
            Some(_) => Some(input.parse::<Lit>().map_err(|error| {
                let message = format!("the value of `{name}` must be a literal, as in `{usage}`");
                Error::new(error.span(), message)
            })?),
            None => None,
        };
        if !input.is_empty() && !input.peek(Token![,]) {
            return Err(input.error(format!("expected a comma, or an argument as in `{usage}`")));
        }
        Ok(Self { name, value, usage })
    }

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
            let message = format!("expected the path of a crate, as in `{}`", self.usage);
            Error::new(value.span(), message)
        })
    }

    fn wrong_value(&self, value: Option<&Lit>, expected: &str) -> Error {
        let Self { name, usage, .. } = self;
        match value {
            Some(value) => Error::new(
                value.span(),
                format!("the value of `{name}` must be {expected}, as in `{usage}`"),
            ),
            None => Error::new(
                name.span(),
                format!("`{name}` needs {expected}, as in `{usage}`"),
            ),
        }
    }
}

/// Reads the arguments; refuses those that are not among the known ones, and one that is given twice.
pub(crate) fn parse(arguments: TokenStream, known: &[Usage]) -> Result<Vec<Argument>> {
    let parser = |input: ParseStream<'_>| {
        let mut seen: Vec<Argument> = Vec::new();
        while !input.is_empty() {
            let argument = Argument::parse(input, known)?;
            if seen.iter().any(|earlier| earlier.name == argument.name) {
                let message = format!("`{}` is given more than once", argument.name);
                return Err(Error::new(argument.name.span(), message));
            }
            seen.push(argument);
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(seen)
    };
    parser.parse2(arguments)
}

fn usage_of(name: &Ident, known: &[Usage]) -> Result<Usage> {
    let is_it = |usage: &&Usage| usage.split(" = ").next().is_some_and(|known| name == known);
    known
        .iter()
        .find(is_it)
        .copied()
        .ok_or_else(|| unknown(name, known))
}

fn unknown(name: &Ident, known: &[Usage]) -> Error {
    // What an attribute gives itself is not for the user.
    let known: Vec<_> = known
        .iter()
        .filter(|usage| !usage.starts_with("__"))
        .map(|usage| format!("`{usage}`"))
        .collect();
    let message = format!("unknown argument `{name}`; there is {}", known.join(", "));
    Error::new(name.span(), message)
}
