//! The arguments of `#[test]`.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Error, LitStr, Path, Result, ReturnType};

use crate::arguments::{self, Argument};
use crate::flavor::Flavor;
use crate::function::Function;
use crate::libtest_attributes::LibtestAttributes;
use crate::runtime::Runtime;
use crate::tokio_arguments::TEST;
use crate::usage::{CRATE, MULTI_THREAD, START_PAUSED, Usage, WORKER_THREADS};

const TIMEOUT: Usage = "timeout = \"5s\"";
const SERIAL: Usage = "serial";
const LOOP: Usage = "loop = \"uvloop\"";
const TAGS: Usage = "tags = [\"slow\"]";
const RETRIES: Usage = "retries = 2";
const XFAIL: Usage = "xfail = \"issue 12\"";
const MAX_TIME: Usage = "max_time = \"50ms\"";
const DEBUG: Usage = "debug";
const RAISES: Usage = "raises = \"ValueError\"";

/// The argument that the attribute adds when it moves itself below the others of its function.
pub(crate) const MOVED_LAST: &str = "__moved_last";
/// The argument that the attribute adds when it has made a sync function async for `#[test_case]`.
pub(crate) const NEVER_WAITS: &str = "__never_waits";

/// The arguments that an attribute takes.
pub(crate) fn known(runtime: Runtime) -> &'static [Usage] {
    match runtime {
        Runtime::Tokio => &[
            TIMEOUT,
            SERIAL,
            LOOP,
            RAISES,
            TAGS,
            RETRIES,
            XFAIL,
            MAX_TIME,
            DEBUG,
            MULTI_THREAD,
            WORKER_THREADS,
            START_PAUSED,
            CRATE,
            MOVED_LAST,
            NEVER_WAITS,
        ],
        Runtime::AsyncStd | Runtime::Smol => &[
            TIMEOUT,
            SERIAL,
            LOOP,
            RAISES,
            TAGS,
            RETRIES,
            XFAIL,
            MAX_TIME,
            DEBUG,
            CRATE,
            MOVED_LAST,
            NEVER_WAITS,
        ],
    }
}

/// The event loops that a test can ask for.
const LOOPS: &[&str] = &["asyncio", "uvloop", "own"];

/// The settings that the attribute's arguments make.
#[derive(Default)]
pub(crate) struct Settings {
    /// The library, under a name that is not in the manifest.
    pub(crate) krate: Option<Path>,
    /// Whether this attribute has been moved below those that have to be expanded before it.
    pub(crate) is_moved_last: bool,
    /// Whether the function is async although nothing in it waits.
    pub(crate) never_waits: bool,
    /// The time limit in milliseconds.
    timeout: Option<u64>,
    serial: bool,
    event_loop: Option<LitStr>,
    is_debug: bool,
    raises: Option<(Ident, LitStr)>,
    tags: Vec<LitStr>,
    retries: Option<u32>,
    expected_failure: Option<ExpectedFailure>,
    /// In milliseconds.
    max_time: Option<u64>,
    flavor: Flavor,
}

impl Settings {
    pub(crate) fn parse(arguments: &[Argument]) -> Result<Self> {
        let mut settings = Self::default();
        for argument in arguments {
            if !settings.flavor.set(argument)? {
                settings.set(argument)?;
            }
        }
        let is_multi_thread = settings.flavor.is_multi_thread(false);
        settings.flavor.check(TEST, is_multi_thread)?;
        Ok(settings)
    }

    fn set(&mut self, argument: &Argument) -> Result<()> {
        match argument.name.to_string().as_str() {
            MOVED_LAST => self.is_moved_last = true,
            NEVER_WAITS => self.never_waits = true,
            "retries" => self.retries = Some(argument.number()?),
            "xfail" => self.expected_failure = Some(ExpectedFailure::parse(argument)?),
            "max_time" => self.max_time = Some(milliseconds(argument.string()?)?),
            "timeout" => self.timeout = Some(milliseconds(argument.string()?)?),
            "serial" => {
                argument.flag()?;
                self.serial = true;
            }
            "debug" => {
                argument.flag()?;
                self.is_debug = true;
            }
            "loop" => self.event_loop = Some(event_loop(argument.string()?)?),
            "raises" => {
                self.raises = Some((argument.name.clone(), class_name(argument.string()?)?))
            }
            "tags" => {
                self.tags = argument
                    .strings()?
                    .into_iter()
                    .map(tag)
                    .collect::<Result<_>>()?
            }
            // `known` leaves `crate`.
            _ => self.krate = Some(argument.path()?),
        }
        Ok(())
    }

    /// Refuses settings that contradict the function's signature or its other attributes.
    pub(crate) fn check(&self, function: &Function, libtest: &LibtestAttributes) -> Result<()> {
        if function.signature.asyncness.is_none() || self.never_waits {
            self.flavor.check_sync()?;
        }
        match (&self.raises, &function.signature.output) {
            (Some((name, _)), ReturnType::Default) => {
                let message = "a test that raises has to return a `PyResult<()>`";
                Err(Error::new(name.span(), message))
            }
            (Some((name, _)), _) if libtest.is_panic_expected() => {
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
        match &self.event_loop {
            Some(name) if name.value() == "own" => tokens.extend(quote!(.own_event_loop())),
            Some(name) => tokens.extend(quote!(.event_loop(#name))),
            None => {}
        }
        if self.is_debug {
            tokens.extend(quote!(.debug()));
        }
        if let Some((_, class)) = &self.raises {
            tokens.extend(quote!(.raises(#class)));
        }
        if !self.tags.is_empty() {
            let tags = &self.tags;
            tokens.extend(quote!(.tags(&[#(#tags),*])));
        }
        if let Some(retries) = self.retries {
            tokens.extend(quote!(.retries(#retries)));
        }
        if let Some(ExpectedFailure { reason, is_strict }) = &self.expected_failure {
            tokens.extend(quote!(.expected_failure(#reason, #is_strict)));
        }
        if let Some(max_time) = self.max_time {
            tokens.extend(quote!(.max_time(#max_time)));
        }
        self.flavor.to_tokens(tokens);
    }
}

/// `xfail`, `xfail = "why"` or `xfail(strict, reason = "why")`.
struct ExpectedFailure {
    /// Empty if none is given.
    reason: String,
    is_strict: bool,
}

impl ExpectedFailure {
    fn parse(argument: &Argument) -> Result<Self> {
        let mut expected = Self {
            reason: match argument.value {
                Some(_) => argument.string()?.value(),
                None => String::new(),
            },
            is_strict: false,
        };
        let known = &["strict", "reason = \"issue 12\""];
        for inner in arguments::parse(argument.inside.clone(), known)? {
            match inner.name == "strict" {
                true => {
                    inner.flag()?;
                    expected.is_strict = true;
                }
                false => expected.reason = inner.string()?.value(),
            }
        }
        Ok(expected)
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

/// Checks that `--tag` can name the tag: `Trial::with_tags` of libtest-async has the rule.
fn tag(value: &LitStr) -> Result<LitStr> {
    let text = value.value();
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '(' | ')');
    if !text.is_empty()
        && !matches!(text.as_str(), "and" | "or" | "not")
        && text.chars().all(is_plain)
    {
        return Ok(value.clone());
    }
    let message = "a tag is a word without blanks and parentheses, and none of `and`, `or`, `not`";
    Err(Error::new(value.span(), message))
}

fn event_loop(value: &LitStr) -> Result<LitStr> {
    if LOOPS.contains(&value.value().as_str()) {
        return Ok(value.clone());
    }
    let message = format!(
        "unknown loop `{}`; there is `asyncio`, `uvloop` and `own`",
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
