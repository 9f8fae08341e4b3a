//! Parses command lines into [`Arguments`].

use std::ffi::OsString;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use getopts::Matches;

use super::{
    ArgumentError, Arguments, ColorSetting, FormatSetting, Shard, TagFilter, UnstableFlags, options,
};
use crate::args::TimeLimits;

/// Stands for `--tag` where that is not given.
const TAG_VARIABLE: &str = "LIBTEST_ASYNC_TAG";

/// Parses a command line whose first word is the program; `variable` looks the environment up.
///
/// The checks come in libtest's order, so that of several errors the same one is reported.
pub(super) fn parse(
    words: Vec<OsString>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Arguments, ArgumentError> {
    let matches = options::accepted()
        .parse(words.get(1..).unwrap_or_default())
        .map_err(|fail| ArgumentError::Usage(fail.to_string()))?;
    if matches.opt_present("help") {
        let program = words
            .first()
            .map_or("...".into(), |word| word.to_string_lossy());
        return Err(ArgumentError::Help(options::help(&program)));
    }
    let mut parsed = flags(&matches);
    parsed.unstable_flags = unstable_flags(&matches)?;
    // libtest looks at these variables first, for every kind of run, and before it reports any other error.
    let _checked = TimeLimits::new(&parsed);
    shuffle(&matches, &mut parsed, &variable)?;
    if parsed.ignored && parsed.include_ignored {
        return Err(ArgumentError::IgnoredTwice);
    }
    parsed.nocapture |= variable("RUST_TEST_NOCAPTURE").is_some_and(|value| value != "0");
    parsed.test_threads = test_threads(&matches)?;
    parsed.color = color(&matches)?;
    parsed.format = format(&matches)?;
    parsed.max_failures = number(&matches, "maxfail", "--maxfail")?;
    let retries = number(&matches, "retries", "--retries")?;
    parsed.retries = retries.map(|retries| u32::try_from(retries).unwrap_or(u32::MAX));
    parsed.timeout = timeout(&matches)?;
    parsed.tag = tag(&matches, &variable)?;
    parsed.shard = shard(&matches)?;
    parsed.durations = number(&matches, "durations", "--durations")?.map(|most| most as usize);
    Ok(parsed)
}

fn flags(matches: &Matches) -> Arguments {
    let flag = |name| matches.opt_present(name);
    Arguments {
        include_ignored: flag("include-ignored"),
        ignored: flag("ignored"),
        test: flag("test"),
        bench: flag("bench"),
        list: flag("list"),
        nocapture: flag("nocapture") || flag("no-capture"),
        show_output: flag("show-output"),
        exact: flag("exact"),
        quiet: flag("quiet"),
        exclude_should_panic: flag("exclude-should-panic"),
        force_run_in_process: flag("force-run-in-process"),
        fail_fast: flag("fail-fast") || flag("x"),
        report_time: flag("report-time"),
        ensure_time: flag("ensure-time"),
        shuffle: flag("shuffle"),
        isolate: flag("isolate"),
        reuse_threads: flag("reuse-threads"),
        last_failed: flag("last-failed"),
        failed_first: flag("failed-first"),
        fail_on_flaky: flag("fail-on-flaky"),
        junit: matches.opt_str("junit").map(PathBuf::from),
        skip: matches.opt_strs("skip"),
        logfile: matches.opt_str("logfile"),
        filters: matches.free.clone(),
        ..Arguments::default()
    }
}

fn unstable_flags(matches: &Matches) -> Result<Option<UnstableFlags>, ArgumentError> {
    match matches.opt_str("Z").as_deref() {
        None => Ok(None),
        Some("unstable-options") => Ok(Some(UnstableFlags::UnstableOptions)),
        Some(_) => Err(ArgumentError::UnstableFlag),
    }
}

/// The variables count with `-Z unstable-options` only, as with libtest.
///
/// # Panics
///
/// Panics as libtest does when `RUST_TEST_SHUFFLE_SEED` is no number.
fn shuffle(
    matches: &Matches,
    parsed: &mut Arguments,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(), ArgumentError> {
    if let Some(seed) = matches.opt_str("shuffle-seed") {
        let seed = seed.parse().map_err(|error| ArgumentError::Value {
            option: "--shuffle-seed",
            problem: format!("be a number (error: {error})"),
        })?;
        parsed.shuffle_seed = Some(seed);
    }
    if parsed.unstable_flags.is_none() {
        return Ok(());
    }
    parsed.shuffle |= variable("RUST_TEST_SHUFFLE").is_some_and(|value| value != "0");
    if parsed.shuffle_seed.is_none() {
        parsed.shuffle_seed = variable("RUST_TEST_SHUFFLE_SEED").map(|value| {
            value.parse().unwrap_or_else(|_| {
                panic!("RUST_TEST_SHUFFLE_SEED is `{value}`, should be a number.")
            })
        });
    }
    Ok(())
}

/// The last one counts; cargo may pass the option before the user does.
fn test_threads(matches: &Matches) -> Result<Option<usize>, ArgumentError> {
    let error = |problem| ArgumentError::Value {
        option: "--test-threads",
        problem,
    };
    let mut threads = None;
    for value in matches.opt_strs("test-threads") {
        let number: usize = value
            .parse()
            .map_err(|cause| error(format!("be a number > 0 (error: {cause})")))?;
        let number = NonZeroUsize::new(number).ok_or_else(|| error("not be 0".into()))?;
        threads = Some(number.get());
    }
    Ok(threads)
}

fn color(matches: &Matches) -> Result<Option<ColorSetting>, ArgumentError> {
    let mut color = None;
    for value in matches.opt_strs("color") {
        color = Some(match value.as_str() {
            "auto" => ColorSetting::Auto,
            "always" => ColorSetting::Always,
            "never" => ColorSetting::Never,
            other => {
                return Err(ArgumentError::Value {
                    option: "--color",
                    problem: format!("be auto, always, or never (was {other})"),
                });
            }
        });
    }
    Ok(color)
}

fn format(matches: &Matches) -> Result<Option<FormatSetting>, ArgumentError> {
    match matches.opt_str("format").as_deref() {
        None => Ok(None),
        Some("pretty") => Ok(Some(FormatSetting::Pretty)),
        Some("terse") => Ok(Some(FormatSetting::Terse)),
        Some("json") => Ok(Some(FormatSetting::Json)),
        Some("junit") => Ok(Some(FormatSetting::Junit)),
        Some(other) => Err(ArgumentError::Value {
            option: "--format",
            problem: format!("be pretty, terse, json or junit (was {other})"),
        }),
    }
}

/// Parses the value of an option that takes a number greater than 0.
fn number(
    matches: &Matches,
    name: &str,
    option: &'static str,
) -> Result<Option<u64>, ArgumentError> {
    let Some(value) = matches.opt_str(name) else {
        return Ok(None);
    };
    match value.parse::<NonZeroU64>() {
        Ok(number) => Ok(Some(number.get())),
        Err(error) => Err(ArgumentError::Value {
            option,
            problem: format!("be a number > 0 (error: {error})"),
        }),
    }
}

/// Parses the option, or the variable, which may name tags of other test binaries.
fn tag(
    matches: &Matches,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Option<TagFilter>, ArgumentError> {
    let given = matches.opt_str("tag").map(|text| (text, "--tag"));
    let fallback = || variable(TAG_VARIABLE).map(|text| (text, TAG_VARIABLE));
    let Some((text, option)) = given.or_else(fallback) else {
        return Ok(None);
    };
    match text.parse::<TagFilter>() {
        Ok(mut filter) => {
            filter.allows_unknown = option == TAG_VARIABLE;
            Ok(Some(filter))
        }
        Err(error) => Err(ArgumentError::Value {
            option,
            problem: format!("be tags with `and`, `or` and `not` ({error})"),
        }),
    }
}

fn shard(matches: &Matches) -> Result<Option<Shard>, ArgumentError> {
    let Some(value) = matches.opt_str("shard") else {
        return Ok(None);
    };
    value.parse().map(Some).map_err(|()| ArgumentError::Value {
        option: "--shard",
        problem: format!("be a part and how many there are, such as 2/3 (was {value})"),
    })
}

fn timeout(matches: &Matches) -> Result<Option<Duration>, ArgumentError> {
    let Some(value) = matches.opt_str("timeout") else {
        return Ok(None);
    };
    match duration(&value) {
        Some(timeout) => Ok(Some(timeout)),
        None => Err(ArgumentError::Value {
            option: "--timeout",
            problem: format!("be a time greater than 0, such as 500ms, 5s or 2m (was {value})"),
        }),
    }
}

/// Parses `500ms`, `5s`, `2m`, `1h`, and plain seconds.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: f64 = digits.parse().ok()?;
    let seconds = match &text[digits.len()..] {
        "ms" => number / 1000.0,
        "" | "s" => number,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        _ => return None,
    };
    let duration = Duration::try_from_secs_f64(seconds).ok()?;
    (!duration.is_zero()).then_some(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Arguments, String> {
        with_environment(words, &[])
    }

    fn with_environment(words: &[&str], env: &[(&str, &str)]) -> Result<Arguments, String> {
        let words = std::iter::once(&"suite")
            .chain(words)
            .map(OsString::from)
            .collect();
        let lookup = |name: &str| {
            env.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        parse(words, lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn errors_are_worded_as_libtest_words_them() {
        for (words, message) in [
            (&["--frobnicate"][..], "Unrecognized option: 'frobnicate'"),
            (&["--skip"], "Argument to option 'skip' missing"),
            (&["--exact=yes"], "Option 'exact' does not take an argument"),
            (&["-q", "-q"], "Option 'quiet' given more than once"),
            (
                &["--test-threads=0"],
                "argument for --test-threads must not be 0",
            ),
            (
                &["--test-threads=abc"],
                "argument for --test-threads must be a number > 0 (error: invalid digit found in string)",
            ),
            (
                &["--color", "x"],
                "argument for --color must be auto, always, or never (was x)",
            ),
            (
                &["--format", "xml"],
                "argument for --format must be pretty, terse, json or junit (was xml)",
            ),
            (
                &["--ignored", "--include-ignored"],
                "the options --include-ignored and --ignored are mutually exclusive",
            ),
            (&["-Z", "frob"], "Unrecognized option to `Z`"),
            (
                &["--shuffle-seed=x"],
                "argument for --shuffle-seed must be a number (error: invalid digit found in string)",
            ),
        ] {
            assert_eq!(parsed(words), Err(message.to_owned()), "{words:?}");
        }
    }

    #[test]
    fn times_have_units() {
        for (text, milliseconds) in [("500ms", 500), ("5s", 5000), ("1.5", 1500), ("2m", 120_000)] {
            let timeout = Some(Duration::from_millis(milliseconds));
            assert_eq!(
                parsed(&["--timeout", text]).unwrap().timeout,
                timeout,
                "{text}"
            );
        }
        for text in ["", "0", "-1s", "5 s", "5d", "s"] {
            assert!(parsed(&["--timeout", text]).is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_of_repeated_threads_and_colors_counts() {
        let args = parsed(&[
            "--test-threads=4",
            "--test-threads=1",
            "--color=always",
            "--color=never",
        ])
        .unwrap();
        assert_eq!(args.test_threads, Some(1));
        assert_eq!(args.color, Some(ColorSetting::Never));
    }

    #[test]
    fn everything_after_two_dashes_is_a_filter() {
        assert_eq!(
            parsed(&["a", "--", "--exact"]).unwrap().filters,
            ["a", "--exact"]
        );
    }

    #[test]
    fn nocapture_comes_from_the_environment_unless_it_is_zero() {
        for (value, expected) in [("1", true), ("", true), ("0", false)] {
            let args = with_environment(&[], &[("RUST_TEST_NOCAPTURE", value)]).unwrap();
            assert_eq!(args.nocapture, expected, "{value:?}");
        }
    }

    #[test]
    fn shuffle_variables_need_unstable_options() {
        let env = [("RUST_TEST_SHUFFLE", "1"), ("RUST_TEST_SHUFFLE_SEED", "7")];
        assert_eq!(with_environment(&[], &env).unwrap(), Arguments::default());
        let args = with_environment(&["-Zunstable-options"], &env).unwrap();
        assert!(args.shuffle);
        assert_eq!(args.shuffle_seed, Some(7));
    }

    #[test]
    fn help_wins_over_bad_values_but_not_over_unknown_options() {
        assert!(
            parsed(&["--help", "--test-threads=0"])
                .unwrap_err()
                .starts_with("Usage: suite ")
        );
        assert!(
            parsed(&["--frobnicate", "--help"])
                .unwrap_err()
                .starts_with("Unrecognized")
        );
    }

    #[test]
    fn an_explicit_format_wins_over_quiet() {
        let args = parsed(&["-q", "--format", "pretty"]).unwrap();
        assert_eq!(args.effective_format(), FormatSetting::Pretty);
        assert_eq!(
            parsed(&["-q"]).unwrap().effective_format(),
            FormatSetting::Terse
        );
    }
}
