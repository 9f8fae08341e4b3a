//! The arguments of `#[test]`.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Error, LitStr, Path, Result, ReturnType};

use crate::arguments::{Argument, CRATE, Usage};
use crate::function::Function;
use crate::marks::Marks;

/// What may stand in the attribute.
pub(crate) const KNOWN: &[Usage] = &[
    "timeout = \"5s\"",
    "serial",
    "loop = \"uvloop\"",
    "raises = \"ValueError\"",
    CRATE,
    DECIDED,
];

/// The argument that the attribute gives itself when the conditions on its function are decided.
pub(crate) const DECIDED: &str = "__decided";

/// The event loops that a test can ask for.
const LOOPS: &[&str] = &["asyncio", "uvloop"];

/// What the attribute's arguments ask for.
#[derive(Default)]
pub(crate) struct Settings {
    /// The library, under a name that is not in the manifest.
    pub(crate) krate: Option<Path>,
    /// Whether conditions that stand on the function hold.
    pub(crate) is_decided: bool,
    /// Milliseconds.
    timeout: Option<u64>,
    serial: bool,
    event_loop: Option<LitStr>,
    raises: Option<(Ident, LitStr)>,
}

impl Settings {
    pub(crate) fn parse(arguments: &[Argument]) -> Result<Self> {
        let mut settings = Self::default();
        for argument in arguments {
            settings.set(argument)?;
        }
        Ok(settings)
    }

    fn set(&mut self, argument: &Argument) -> Result<()> {
        match argument.name.to_string().as_str() {
            DECIDED => self.is_decided = true,
            "timeout" => self.timeout = Some(milliseconds(argument.string()?)?),
            "serial" => {
                argument.flag()?;
                self.serial = true;
            }
            "loop" => self.event_loop = Some(event_loop(argument.string()?)?),
            "raises" => {
                self.raises = Some((argument.name.clone(), class_name(argument.string()?)?))
            }
            // The one that is left is `crate`.
            _ => self.krate = Some(argument.path()?),
        }
        Ok(())
    }

    /// Refuses what does not go with the function.
    pub(crate) fn check(&self, function: &Function, marks: &Marks) -> Result<()> {
        match (&self.raises, &function.signature.output) {
            (Some((name, _)), ReturnType::Default) => {
                let message = "a test that raises has to return a `PyResult<()>`";
                Err(Error::new(name.span(), message))
            }
            (Some((name, _)), _) if marks.is_panic_expected() => {
                let message =
                    "a test either raises or panics: remove `raises` or `#[should_panic]`";
                Err(Error::new(name.span(), message))
            }
            _ => Ok(()),
        }
    }
}

impl ToTokens for Settings {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        if let Some(timeout) = self.timeout {
            tokens.extend(quote!(.timeout(#timeout)));
        }
        if self.serial {
            tokens.extend(quote!(.serial()));
        }
        if let Some(event_loop) = &self.event_loop {
            tokens.extend(quote!(.event_loop(#event_loop)));
        }
        if let Some((_, class)) = &self.raises {
            tokens.extend(quote!(.raises(#class)));
        }
    }
}

/// Reads a whole number of `ms`, `s` or `m`.
fn milliseconds(value: &LitStr) -> Result<u64> {
    let text = value.value();
    let end = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        _ => None,
    };
    let number = number.parse::<u64>().ok().filter(|number| *number > 0);
    number
        .zip(factor)
        .and_then(|(number, factor)| number.checked_mul(factor))
        .ok_or_else(|| {
            Error::new(
                value.span(),
                "expected a time, as in \"500ms\", \"5s\" or \"2m\"",
            )
        })
}

fn event_loop(value: &LitStr) -> Result<LitStr> {
    if LOOPS.contains(&value.value().as_str()) {
        return Ok(value.clone());
    }
    let message = format!(
        "unknown loop `{}`; there is `asyncio` and `uvloop`",
        value.value()
    );
    Err(Error::new(value.span(), message))
}

/// Checks that the text can be the name of a class, with or without its module.
fn class_name(value: &LitStr) -> Result<LitStr> {
    let is_name = |part: &str| {
        !part.is_empty()
            && !part.starts_with(|character: char| character.is_ascii_digit())
            && part
                .chars()
                .all(|character| character.is_alphanumeric() || character == '_')
    };
    if value.value().split('.').all(is_name) {
        return Ok(value.clone());
    }
    let message =
        "expected an exception's name, as in \"ValueError\" or \"asyncio.CancelledError\"";
    Err(Error::new(value.span(), message))
}
