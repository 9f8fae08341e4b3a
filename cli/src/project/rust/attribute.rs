//! Attributes, with those that `cfg_attr` adds.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Expr, Lit, Meta, Token};

use super::condition::{Condition, Truth};
use super::name_path::NamePath;

/// An attribute.
#[derive(Clone, Debug)]
pub(super) struct Attribute {
    pub(super) path: NamePath,
    pub(super) arguments: Arguments,
    /// Whether a `cfg_attr` adds it on a condition that depends on the build.
    pub(super) is_conditional: bool,
}

/// The part of an attribute after its path.
#[derive(Clone, Debug)]
pub(super) enum Arguments {
    /// Nothing, or a value that is no string.
    None,
    /// The string in `name = "value"`.
    Value(String),
    /// The tokens in parentheses.
    List(TokenStream),
}

/// Frequent attributes of the language. They make no test and no module.
const BUILT_IN: &[&str] = &[
    "allow",
    "cold",
    "deprecated",
    "derive",
    "expect",
    "inline",
    "must_use",
];

/// Attributes of one item, and the condition under which the item exists.
#[derive(Clone, Debug)]
pub(super) struct Attributes {
    pub(super) all: Vec<Attribute>,
    /// Whether the item exists in every build, tests or not.
    pub(super) is_unconditional: bool,
    /// Whether the item exists in builds of tests only.
    pub(super) is_test_only: bool,
    /// Whether the item is left out of every build of tests.
    pub(super) is_absent: bool,
    /// Whether it has documentation, or `#[doc(hidden)]`.
    pub(super) is_documented: bool,
}

impl Attributes {
    /// Reads attributes in their order.
    pub(super) fn read(attributes: &[syn::Attribute]) -> Self {
        Self::of(attributes.iter().map(|attribute| attribute.meta.clone()))
    }

    /// Reads attributes that stand in the arguments of a macro.
    pub(super) fn of(metas: impl IntoIterator<Item = Meta>) -> Self {
        let mut attributes = Self {
            all: Vec::new(),
            is_unconditional: true,
            is_test_only: false,
            is_absent: false,
            is_documented: false,
        };
        for meta in metas {
            attributes.add(meta, false);
        }
        attributes
    }

    fn add(&mut self, meta: Meta, is_conditional: bool) {
        match meta {
            Meta::List(list) if list.path.is_ident("cfg") => {
                let condition = list.parse_args().unwrap_or(Condition::Other);
                self.is_absent |=
                    !is_conditional && condition.evaluate(Truth::Always) == Truth::Never;
                self.is_test_only |= condition.evaluate(Truth::Never) == Truth::Never;
                self.is_unconditional &= condition.evaluate(Truth::Sometimes) == Truth::Always;
            }
            Meta::List(list) if list.path.is_ident("cfg_attr") => {
                let Ok((condition, metas)) = list.parse_args_with(parse_cfg_attr) else {
                    return;
                };
                if condition.evaluate(Truth::Always) == Truth::Never {
                    return;
                }
                let is_certain = condition.evaluate(Truth::Sometimes) == Truth::Always;
                for meta in metas {
                    self.add(meta, is_conditional || !is_certain);
                }
            }
            meta if meta.path().is_ident("doc") => self.is_documented |= !is_conditional,
            meta if BUILT_IN.iter().any(|name| meta.path().is_ident(name)) => {}
            meta => self.all.push(Attribute::new(&meta, is_conditional)),
        }
    }

    /// The files of `#[path = "file"]`, and whether one of them is there in every build.
    pub(super) fn paths(&self) -> (Vec<&str>, bool) {
        let named = self.all.iter().filter_map(|attribute| {
            let file = attribute.value_of("path")?;
            Some((file, attribute.is_conditional))
        });
        let named: Vec<(&str, bool)> = named.collect();
        let is_certain = named.iter().any(|(_, is_conditional)| !is_conditional);
        let files = named.into_iter().map(|(file, _)| file);
        (files.collect(), is_certain)
    }
}

impl Attribute {
    fn new(meta: &Meta, is_conditional: bool) -> Self {
        let arguments = match meta {
            Meta::Path(_) => Arguments::None,
            Meta::List(list) => Arguments::List(list.tokens.clone()),
            Meta::NameValue(pair) => string(&pair.value).map_or(Arguments::None, Arguments::Value),
        };
        Self {
            path: NamePath::new(meta.path()),
            arguments,
            is_conditional,
        }
    }

    /// The attributes among the arguments, as in `#[test_log::test(tokio::test)]`.
    pub(super) fn nested(&self) -> Vec<Self> {
        let Arguments::List(tokens) = &self.arguments else {
            return Vec::new();
        };
        let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let is_comma =
            |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
        // One by one: `loop = "uvloop"` is no attribute, as `loop` is a keyword.
        let parts = tokens.split(is_comma);
        let metas = parts.filter_map(|part| syn::parse2(part.iter().cloned().collect()).ok());
        metas
            .map(|meta| Self::new(&meta, self.is_conditional))
            .collect()
    }

    /// The lints that `#![warn(..)]` and the like turn on.
    pub(super) fn lints(&self) -> Vec<String> {
        let is_level = ["warn", "deny", "forbid"]
            .iter()
            .any(|level| self.path.is_name(level));
        let lints = match is_level {
            true => self.nested(),
            false => Vec::new(),
        };
        lints
            .iter()
            .map(|lint| lint.path.names.join("::"))
            .collect()
    }

    /// Whether it makes a module for Python. pyo3 may have another name.
    pub(super) fn is_pymodule(&self) -> bool {
        self.path.is_last("pymodule")
    }

    /// Whether it adds an item to the `#[pymodule]` around it.
    pub(super) fn is_pymodule_export(&self) -> bool {
        self.path.is_last("pymodule_export")
    }

    /// Whether a bare name is among the arguments.
    pub(super) fn has_flag(&self, name: &str) -> bool {
        self.nested().iter().any(|argument| {
            argument.path.is_name(name) && matches!(argument.arguments, Arguments::None)
        })
    }

    /// The string in `name = "value"`.
    pub(super) fn value_of(&self, name: &str) -> Option<&str> {
        match &self.arguments {
            Arguments::Value(value) if self.path.is_name(name) => Some(value),
            _ => None,
        }
    }
}

/// Reads `condition, attribute, ..`.
fn parse_cfg_attr(input: ParseStream<'_>) -> syn::Result<(Condition, Vec<Meta>)> {
    let condition = input.parse()?;
    input.parse::<Token![,]>()?;
    let metas = Punctuated::<Meta, Token![,]>::parse_terminated(input)?;
    Ok((condition, metas.into_iter().collect()))
}

fn string(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
