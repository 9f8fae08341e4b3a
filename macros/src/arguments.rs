//! The arguments of an attribute: `name = literal`, `name = [literals]`, `name(arguments)` or a bare `name`, separated by
//! commas.

use proc_macro2::{Ident, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Error, Expr, Lit, LitStr, Path, Result, Token, token};

use crate::tokio_arguments::{self, is_tokio_argument};
use crate::usage::Usage;

/// The arguments that take further ones in parentheses.
const WITH_PARENTHESES: &[&str] = &["xfail"];

/// One argument. Each attribute decides which values it accepts.
pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) value: Option<Lit>,
    /// The elements of a value in brackets, which only an argument takes whose usage has them.
    elements: Option<Vec<Lit>>,
    /// The tokens in parentheses, which only the arguments of [`WITH_PARENTHESES`] take.
    pub(crate) inside: TokenStream,
    usage: Usage,
}

impl Argument {
    fn parse(input: ParseStream<'_>, known: &[Usage]) -> Result<Self> {
        // `crate` and `loop` are keywords.
        let name = input.call(Ident::parse_any).map_err(|error| {
            let message = format!("an argument begins with its name, as in `{}`", known[0]);
            Error::new(error.span(), message)
        })?;
        let Some(usage) = usage_of(&name, known) else {
            return Err(unknown(&name, input, known));
        };
        let has_value = input.parse::<Option<Token![=]>>()?.is_some();
        let (value, elements) = match has_value {
            true if is_list(usage) && input.peek(token::Bracket) => (None, Some(list(input)?)),
            true => (Some(literal(input, &name, usage)?), None),
            false => (None, None),
        };
        let mut inside = TokenStream::new();
        if !has_value && WITH_PARENTHESES.contains(&name.to_string().as_str()) {
            inside = in_parentheses(input)?;
        }
        if !input.is_empty() && !input.peek(Token![,]) {
            return Err(input.error(format!("expected a comma, or an argument as in `{usage}`")));
        }
        Ok(Self {
            name,
            value,
            elements,
            inside,
            usage,
        })
    }

    pub(crate) fn string(&self) -> Result<&LitStr> {
        match &self.value {
            Some(Lit::Str(value)) => Ok(value),
            other => Err(self.wrong_value(other.as_ref(), "a string")),
        }
    }

    /// Reads a whole number.
    pub(crate) fn number(&self) -> Result<u32> {
        match &self.value {
            Some(Lit::Int(value)) => value.base10_parse(),
            other => Err(self.wrong_value(other.as_ref(), "a whole number")),
        }
    }

    /// Reads a list of strings in brackets.
    pub(crate) fn strings(&self) -> Result<Vec<&LitStr>> {
        let expected = "a list of strings";
        let Some(elements) = &self.elements else {
            return Err(self.wrong_value(self.value.as_ref(), expected));
        };
        let strings = elements.iter().map(|element| match element {
            Lit::Str(string) => Ok(string),
            other => Err(self.wrong_value(Some(other), expected)),
        });
        strings.collect()
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

    fn given_twice(&self) -> Error {
        match &self.value {
            Some(value) if is_tokio_argument(&self.name) => {
                let message = format!("`{}` set multiple times.", self.name);
                Error::new(value.span(), message)
            }
            _ => {
                let message = format!("`{}` is given more than once", self.name);
                Error::new(self.name.span(), message)
            }
        }
    }
}

/// Reads the arguments. An unknown one, and one that is given twice, is an error.
pub(crate) fn parse(arguments: TokenStream, known: &[Usage]) -> Result<Vec<Argument>> {
    let parser = |input: ParseStream<'_>| {
        let mut seen: Vec<Argument> = Vec::new();
        while !input.is_empty() {
            let argument = Argument::parse(input, known)?;
            if seen.iter().any(|earlier| earlier.name == argument.name) {
                return Err(argument.given_twice());
            }
            seen.push(argument);
            input.parse::<Option<Token![,]>>()?;
        }
        Ok(seen)
    };
    parser.parse2(arguments)
}

fn literal(input: ParseStream<'_>, name: &Ident, usage: Usage) -> Result<Lit> {
    let message = match is_tokio_argument(name) {
        true => "Must be a literal".to_owned(),
        false => format!("the value of `{name}` must be a literal, as in `{usage}`"),
    };
    match input.parse::<Expr>() {
        Ok(Expr::Lit(literal)) => Ok(literal.lit),
        Ok(other) => Err(Error::new_spanned(other, message)),
        Err(error) => Err(Error::new(error.span(), message)),
    }
}

fn in_parentheses(input: ParseStream<'_>) -> Result<TokenStream> {
    if !input.peek(token::Paren) {
        return Ok(TokenStream::new());
    }
    let inside;
    syn::parenthesized!(inside in input);
    inside.parse()
}

/// Says whether the value stands in brackets.
fn is_list(usage: Usage) -> bool {
    usage.ends_with(']')
}

fn list(input: ParseStream<'_>) -> Result<Vec<Lit>> {
    let elements;
    syn::bracketed!(elements in input);
    let elements = elements.parse_terminated(Lit::parse, Token![,])?;
    Ok(elements.into_iter().collect())
}

fn usage_of(name: &Ident, known: &[Usage]) -> Option<Usage> {
    let is_it = |usage: &&Usage| usage.split(" = ").next().is_some_and(|known| name == known);
    known.iter().find(is_it).copied()
}

fn unknown(name: &Ident, input: ParseStream<'_>, known: &[Usage]) -> Error {
    if let Some(error) = tokio_arguments::old_name(name, input, known) {
        return error;
    }
    // An argument that an attribute adds for itself begins with `__`, and is no suggestion for the user.
    let known: Vec<_> = known
        .iter()
        .filter(|usage| !usage.starts_with("__"))
        .map(|usage| format!("`{usage}`"))
        .collect();
    let message = format!("unknown argument `{name}`; there is {}", known.join(", "));
    Error::new(name.span(), message)
}
