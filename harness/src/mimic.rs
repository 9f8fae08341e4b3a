//! Trials of libtest-mimic.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::failed::{Failed, Measurement};
use crate::trial::{Body, Done, Trial, Verdict};

/// Makes trials that were made for libtest-mimic run among others, with this harness's arguments,
/// capture and report.
///
/// What such a trial does is known to libtest-mimic alone, which therefore runs each of them, with
/// a temporary file for its report. That costs some 0.1 ms a trial, and the reason that a test
/// gives for having been ignored at run time gets lost.
///
/// ```
/// use libtest_async::Trial;
///
/// let theirs = libtest_mimic::Trial::test("theirs", || Ok(()));
/// let trials: Vec<Trial> = vec![theirs.into(), Trial::test("ours", || Ok(()))];
/// ```
impl From<libtest_mimic::Trial> for Trial {
    fn from(theirs: libtest_mimic::Trial) -> Self {
        let (name, kind) = (theirs.name().to_owned(), theirs.kind().to_owned());
        let (is_ignored, is_bench) = (theirs.has_ignored_flag(), theirs.is_bench());
        let body = Body::Sync(Box::new(move |once| run(theirs, once)));
        let mut trial = Trial::new(name, body)
            .with_kind(kind)
            .with_ignored_flag(is_ignored);
        trial.description.is_bench = is_bench;
        trial
    }
}

fn run(trial: libtest_mimic::Trial, once: bool) -> Verdict {
    let is_bench = trial.is_bench();
    let report = Report::new();
    let args = libtest_mimic::Arguments {
        include_ignored: true,
        bench: is_bench && !once,
        // With one thread, the trial runs on this one.
        test_threads: Some(1),
        format: Some(libtest_mimic::FormatSetting::Json),
        logfile: Some(report.0.to_string_lossy().into_owned()),
        ..libtest_mimic::Arguments::default()
    };
    let conclusion = libtest_mimic::run(&args, vec![trial]);
    let text = fs::read_to_string(&report.0).unwrap_or_default();
    if conclusion.num_failed > 0 {
        Err(failed(&text))
    } else if conclusion.num_ignored > 0 {
        Ok(Done::Skipped { reason: None })
    } else if conclusion.num_measured > 0 {
        let number = |key| number(&text, key).unwrap_or_default();
        Ok(Done::Measured(Measurement {
            avg: number("\"median\": "),
            variance: number("\"deviation\": "),
        }))
    } else {
        Ok(Done::Passed)
    }
}

/// A file that is removed when it is dropped.
struct Report(PathBuf);

impl Report {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("libtest-async-{}-{number}.json", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Finds the message in a report. That of a panic has been printed already.
fn failed(report: &str) -> Failed {
    let message = report
        .split_once(r#""stdout": "Error: \""#)
        .and_then(|(_, rest)| rest.split_once("\\\"\\n\" }"))
        .map(|(message, _)| unescape(message));
    match message {
        Some(message) if !message.starts_with("test panicked") => message.into(),
        _ => Failed::without_message(),
    }
}

fn number(report: &str, key: &str) -> Option<u64> {
    let (_, rest) = report.split_once(key)?;
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    rest[..end].parse().ok()
}

/// Undoes the escapes of a JSON string.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some('t') => plain.push('\t'),
            Some('b') => plain.push('\x08'),
            Some('f') => plain.push('\x0c'),
            // Only control characters are written in this way.
            Some('u') => {
                let digits: String = characters.by_ref().take(4).collect();
                plain.extend(
                    u32::from_str_radix(&digits, 16)
                        .ok()
                        .and_then(char::from_u32),
                );
            }
            other => plain.extend(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_as_it_was() {
        let report = r#"{ "type": "test", "name": "a", "event": "failed", "stdout": "Error: \"a \"b\"\n\u0001\\c\"\n" }"#;
        assert_eq!(failed(report).message(), Some("a \"b\"\n\u{1}\\c"));
    }

    #[test]
    fn the_message_of_a_panic_is_left_out() {
        let report = r#""stdout": "Error: \"test panicked: x\"\n" }"#;
        assert_eq!(failed(report), Failed::without_message());
    }
}
