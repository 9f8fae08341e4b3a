//! Conditions of `cfg` and `cfg_attr`, as far as they can be decided without building.

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{LitBool, Meta, Token};

/// The value of a condition.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Truth {
    /// It holds in every build.
    Always,
    /// It depends on the target, the features or the profile.
    Sometimes,
    /// It holds in no build.
    Never,
}

impl Truth {
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Always, other) => other,
            (Self::Sometimes, _) => Self::Sometimes,
        }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }

    fn not(self) -> Self {
        match self {
            Self::Always => Self::Never,
            Self::Sometimes => Self::Sometimes,
            Self::Never => Self::Always,
        }
    }
}

/// A condition, as it is written.
pub(super) enum Condition {
    /// The option `test`.
    Test,
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    /// Any other option.
    Other,
}

impl Condition {
    /// Evaluates the condition. `test` is the value of the option `test`.
    pub(super) fn evaluate(&self, test: Truth) -> Truth {
        match self {
            Self::Test => test,
            Self::All(parts) => {
                let parts = parts.iter().map(|part| part.evaluate(test));
                parts.fold(Truth::Always, Truth::and)
            }
            Self::Any(parts) => {
                let parts = parts.iter().map(|part| part.evaluate(test));
                parts.fold(Truth::Never, Truth::or)
            }
            Self::Not(part) => part.evaluate(test).not(),
            Self::Other => Truth::Sometimes,
        }
    }

    fn read(meta: &Meta) -> Self {
        let Meta::List(list) = meta else {
            return match meta.path().is_ident("test") {
                true => Self::Test,
                false => Self::Other,
            };
        };
        let parts = list.parse_args_with(Punctuated::<Self, Token![,]>::parse_terminated);
        let parts = parts.map(|parts| parts.into_iter().collect::<Vec<Self>>());
        match (list.path.get_ident(), parts) {
            (Some(name), Ok(parts)) if name == "all" => Self::All(parts),
            (Some(name), Ok(parts)) if name == "any" => Self::Any(parts),
            (Some(name), Ok(parts)) if name == "not" => {
                let part = parts.into_iter().next();
                part.map_or(Self::Other, |part| Self::Not(Box::new(part)))
            }
            _ => Self::Other,
        }
    }
}

impl Parse for Condition {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if let Some(value) = input.parse::<Option<LitBool>>()? {
            return Ok(match value.value {
                true => Self::All(Vec::new()),
                false => Self::Any(Vec::new()),
            });
        }
        Ok(Self::read(&input.parse()?))
    }
}

#[cfg(test)]
mod tests {
    use super::{Condition, Truth};

    #[test]
    fn conditions_are_decided_where_they_can_be() {
        for (condition, with_test, without) in [
            ("test", Truth::Always, Truth::Sometimes),
            ("not(test)", Truth::Never, Truth::Sometimes),
            ("any()", Truth::Never, Truth::Never),
            ("all()", Truth::Always, Truth::Always),
            ("unix", Truth::Sometimes, Truth::Sometimes),
            (
                "all(test, feature = \"a\")",
                Truth::Sometimes,
                Truth::Sometimes,
            ),
            ("any(test, unix)", Truth::Always, Truth::Sometimes),
            ("all(unix, not(test))", Truth::Never, Truth::Sometimes),
            ("not(any(unix, all(test)))", Truth::Never, Truth::Sometimes),
            ("false", Truth::Never, Truth::Never),
        ] {
            let parsed: Condition = syn::parse_str(condition).unwrap();
            assert_eq!(parsed.evaluate(Truth::Always), with_test, "{condition}");
            assert_eq!(parsed.evaluate(Truth::Sometimes), without, "{condition}");
        }
    }
}
