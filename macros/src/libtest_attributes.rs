//! The attributes of libtest: `#[ignore]` and `#[should_panic]`.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, Lit, LitStr, Meta, Result, Token};

use crate::wrappers;

/// The attributes of libtest that stand beside this one.
#[derive(Default)]
pub(crate) struct LibtestAttributes {
    /// `#[ignore]`, with its reason or an empty one.
    ignored: Option<LitStr>,
    /// `#[should_panic]`, with the text that is expected or an empty one.
    should_panic: Option<LitStr>,
}

impl LibtestAttributes {
    /// Removes these attributes from the others, and reads them.
    pub(crate) fn take_from(attributes: &mut Vec<Attribute>) -> Result<Self> {
        let mut found = Self::default();
        let mut others = Vec::with_capacity(attributes.len());
        for attribute in attributes.drain(..) {
            if attribute.path().is_ident("ignore") {
                found.ignored = Some(reason(&attribute)?);
            } else if attribute.path().is_ident("should_panic") {
                found.should_panic = Some(expected_panic(&attribute)?);
            } else if wrappers::is_test(&attribute) {
                return Err(wrappers::second_test(&attribute));
            } else if !wrappers::is_generated_test(&attribute) {
                others.push(attribute);
            }
        }
        *attributes = others;
        Ok(found)
    }

    pub(crate) fn is_panic_expected(&self) -> bool {
        self.should_panic.is_some()
    }
}

impl ToTokens for LibtestAttributes {
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
