//! Trials of libtest-mimic.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::trial::{Body, Done, Failed, Measurement, Trial, Verdict};

/// Converts trials of libtest-mimic, which then run among others, with this harness's arguments, capture and report.
///
/// The body of such a trial is known to libtest-mimic alone, which therefore runs each of them, with
/// a temporary file for its report. That costs some 0.1 ms a trial.
///
/// ```
/// use libtest_async::Trial;
///
/// let theirs = libtest_mimic::Trial::test("theirs", || Ok(()));
/// let trials: Vec<Trial> = vec![theirs.into(), Trial::test("ours", || Ok(()))];
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "libtest-mimic")))]
impl From<libtest_mimic::Trial> for Trial {
    fn from(theirs: libtest_mimic::Trial) -> Self {
        let (name, kind) = (theirs.name().to_owned(), theirs.kind().to_owned());
        let (is_ignored, is_bench) = (theirs.has_ignored_flag(), theirs.is_bench());
        let body = Body::InProcess(Box::new(move |call| Some(run(theirs, call.once))));
        let mut trial = Trial::new(name, body)
            .with_kind(kind)
            .with_ignored_flag(is_ignored);
        trial.description.is_bench = is_bench;
        trial
    }
}

fn run(trial: libtest_mimic::Trial, once: bool) -> Verdict {
    let (name, is_bench) = (trial.name().to_owned(), trial.is_bench());
    let file = ReportFile::new();
    let args = libtest_mimic::Arguments {
        include_ignored: true,
        bench: is_bench && !once,
        // With one thread, the trial runs on this one.
        test_threads: Some(1),
        // The other formats do not have the reason of a skip.
        format: Some(libtest_mimic::FormatSetting::Pretty),
        color: Some(libtest_mimic::ColorSetting::Never),
        logfile: Some(file.0.to_string_lossy().into_owned()),
        ..libtest_mimic::Arguments::default()
    };
    let conclusion = libtest_mimic::run(&args, vec![trial]);
    let text = fs::read_to_string(&file.0).unwrap_or_default();
    let report = MimicReport {
        text: &text,
        name: &name,
    };
    if conclusion.num_failed > 0 {
        Err(report.failed())
    } else if conclusion.num_ignored > 0 {
        Ok(Done::Skipped {
            reason: report.skip_reason().map(str::to_owned),
        })
    } else if conclusion.num_measured > 0 {
        Ok(Done::Measured(report.measurement().unwrap_or(
            Measurement {
                avg: 0,
                variance: 0,
            },
        )))
    } else {
        Ok(Done::Passed)
    }
}

/// A file that is removed when it is dropped.
struct ReportFile(PathBuf);

impl ReportFile {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("libtest-async-{}-{number}.log", std::process::id());
        Self(std::env::temp_dir().join(name))
    }
}

impl Drop for ReportFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// libtest-mimic's report of a single trial, which nothing else is printed into.
struct MimicReport<'a> {
    text: &'a str,
    name: &'a str,
}

impl<'a> MimicReport<'a> {
    /// Returns the message of a failure. That of a panic has been printed already.
    fn failed(&self) -> Failed {
        let message = self
            .between(
                &format!("\n---- {} ----\n", self.name),
                &format!("\n\n\nfailures:\n    {}\n", self.name),
            )
            .filter(|message| !message.starts_with("test panicked"));
        message.map_or_else(Failed::without_message, Failed::from)
    }

    fn skip_reason(&self) -> Option<&'a str> {
        self.between(
            &format!("{} ... ignored (", self.name),
            ")\n\ntest result: ",
        )
    }

    fn measurement(&self) -> Option<Measurement> {
        let start = format!("{} ... bench: ", self.name);
        Some(Measurement {
            avg: number(self.between(&start, " ns/iter (+/- ")?)?,
            variance: number(self.between(" ns/iter (+/- ", ")\n\ntest result: ")?)?,
        })
    }

    /// Returns the text from the first `start` to the last `end`.
    fn between(&self, start: &str, end: &str) -> Option<&'a str> {
        let (_, rest) = self.text.split_once(start)?;
        rest.rsplit_once(end).map(|(text, _)| text)
    }
}

/// Reads a number with spaces before it, and commas in it.
fn number(text: &str) -> Option<u64> {
    text.trim_start().replace(',', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str) -> MimicReport<'_> {
        MimicReport { text, name: "a" }
    }

    #[test]
    fn a_message_comes_back_as_it_was() {
        let text = "\nrunning 1 test\ntest a ... FAILED\n\nfailures:\n\n---- a ----\n\"x\"\n\n\nfailures:\n    a\nmore\n\n\nfailures:\n    a\n\ntest result: FAILED. ";
        let message = "\"x\"\n\n\nfailures:\n    a\nmore";
        assert_eq!(report(text).failed().message(), Some(message));
    }

    #[test]
    fn the_message_of_a_panic_is_left_out() {
        for message in ["test panicked: x\n", ""] {
            let text = format!("\n---- a ----\n{message}\n\nfailures:\n    a\n");
            assert_eq!(report(&text).failed(), Failed::without_message());
        }
    }

    #[test]
    fn a_skip_has_its_reason_if_there_is_one() {
        let text = |reason| format!("test a ... ignored{reason}\n\ntest result: ok. ");
        assert_eq!(
            report(&text(" (no (real)\nnetwork)")).skip_reason(),
            Some("no (real)\nnetwork")
        );
        assert_eq!(report(&text("")).skip_reason(), None);
    }

    #[test]
    fn a_measurement_has_both_numbers() {
        let text = "test a ... bench:       1,234 ns/iter (+/- 5)\n\ntest result: ok. ";
        let expected = Measurement {
            avg: 1234,
            variance: 5,
        };
        assert_eq!(report(text).measurement(), Some(expected));
    }
}
