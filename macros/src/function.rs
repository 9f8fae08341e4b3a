//! The function below an attribute.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Result, ReturnType, Safety, Signature, Type, Visibility};

/// A function whose body is passed through unparsed, so that large tests cost no more than small ones.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    pub(crate) body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        Ok(Self {
            attributes: input.call(Attribute::parse_outer)?,
            visibility: input.parse()?,
            signature: input.parse().map_err(|error| {
                Error::new(error.span(), "only functions can have this attribute")
            })?,
            body: input.parse()?,
        })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for attribute in &self.attributes {
            attribute.to_tokens(tokens);
        }
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

impl Function {
    /// Refuses unsafe, const, extern and generic functions. Messages begin with `what`, as in `a test`.
    pub(crate) fn check_plain(&self, what: &str) -> Result<()> {
        self.check_qualifiers(what)?;
        let generics = &self.signature.generics;
        if !generics.params.is_empty() {
            let message =
                format!("{what} cannot be generic: its type parameters cannot be inferred");
            return Err(Error::new_spanned(generics, message));
        }
        self.check_return_type(what)
    }

    /// Refuses unsafe, const and extern functions.
    pub(crate) fn check_qualifiers(&self, what: &str) -> Result<()> {
        let signature = &self.signature;
        if let Safety::Unsafe(unsafety) = &signature.safety {
            return Err(Error::new_spanned(
                unsafety,
                format!("{what} cannot be unsafe"),
            ));
        }
        if let Some(constness) = &signature.constness {
            return Err(Error::new_spanned(
                constness,
                format!("{what} cannot be const"),
            ));
        }
        if let Some(abi) = &signature.abi {
            return Err(Error::new_spanned(abi, format!("{what} cannot be extern")));
        }
        Ok(())
    }

    /// Refuses return types that cannot be a result. An alias is left to the type checker.
    fn check_return_type(&self, what: &str) -> Result<()> {
        let ReturnType::Type(_, returned) = &self.signature.output else {
            return Ok(());
        };
        let is_possible = match &**returned {
            Type::Tuple(tuple) => tuple.elems.is_empty(),
            Type::Path(_) | Type::Macro(_) | Type::Paren(_) | Type::Group(_) => true,
            _ => false,
        };
        if is_possible {
            return Ok(());
        }
        let message = format!("{what} returns nothing, `PyResult<()>` or `Result<(), E>`");
        Err(Error::new_spanned(returned, message))
    }
}
