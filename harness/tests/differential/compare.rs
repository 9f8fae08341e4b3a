//! Compares the two sides of a case.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use libtest_async::Failed;

use crate::bugs;
use crate::exemptions::{self, Rule};
use crate::matrix::{Case, Group};
use crate::normal::{half_lines_removed, normal, unordered, without_frames, without_seed};
use crate::ours::{self, Mode};
use crate::process::{self, Output};
use crate::reference;

/// Runs every case of a group on both sides, and fails with all differences.
pub(crate) fn group(binary: &str, mode: Mode, group: &Group) -> Result<(), Failed> {
    let mut differences = String::new();
    for case in &group.cases {
        if let Some(difference) = difference(binary, mode, case) {
            let _ = write!(
                differences,
                "\n{}: {:?}\n{difference}",
                case.name, case.arguments
            );
        }
    }
    if differences.is_empty() {
        Ok(())
    } else {
        Err(differences.into())
    }
}

fn difference(binary: &str, mode: Mode, case: &Case) -> Option<String> {
    let log = log_path(binary, mode, case);
    let theirs = process::run(reference::binary(binary), case, &log, &[]);
    let (program, variable) = ours::program(binary, mode);
    let ours = process::run(&program, case, &log, &[variable]);
    match exemptions::rule(binary, mode, case) {
        None => first_difference(&prepared(case, theirs), &prepared(case, ours)),
        Some(Rule::WithoutHalfLines) => {
            let [theirs, ours] =
                [theirs, ours].map(|output| without_half_lines(prepared(case, output)));
            first_difference(&theirs, &ours)
        }
        Some(Rule::StartsAlike) => {
            let (theirs, ours) = (normal(&theirs.stdout), normal(&ours.stdout));
            (!ours.starts_with(&theirs)).then(|| format!("{ours}\ndoes not start with\n{theirs}"))
        }
        Some(Rule::IsXml) => {
            let mut theirs = prepared(case, theirs);
            theirs.stdout = theirs.stdout.replace(['\u{1}', '\u{1b}'], "\u{fffd}");
            first_difference(&theirs, &prepared(case, ours))
        }
        Some(Rule::ReportAlone) => {
            let (theirs, ours) = (prepared(case, theirs), prepared(case, ours));
            let theirs = with_prints_on_stderr(theirs);
            let lost = missing_line(&theirs.stderr, &ours.stderr);
            // Nothing but standard error is in any order there, and half lines stand where they may.
            let [theirs, ours] = [theirs, ours].map(|output| Output {
                stderr: unordered(&half_lines_removed(&output.stderr)),
                ..output
            });
            lost.or_else(|| first_difference(&theirs, &ours))
        }
        Some(Rule::Accepted) => ours.stderr.starts_with("error: ").then_some(ours.stderr),
        Some(Rule::SameExit) => (theirs.exit != ours.exit).then_some(ours.exit),
        Some(Rule::UnescapedReason) => bugs::unescaped_reason(&theirs, &ours),
        Some(Rule::PanickingJunit) => bugs::panicking_junit(&theirs, &ours),
        Some(Rule::ExitZero) => bugs::exit_zero(&theirs, &ours),
    }
}

fn log_path(binary: &str, mode: Mode, case: &Case) -> PathBuf {
    let name = format!("{binary}-{mode}-{}-{}.log", case.name, std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Removes what may differ between any two runs of the case.
fn prepared(case: &Case, output: Output) -> Output {
    let clean = |text: &str| {
        let mut text = normal(text);
        if case
            .arguments
            .iter()
            .any(|argument| argument == "--shuffle")
            || case
                .variables
                .iter()
                .any(|(name, _)| name == "RUST_TEST_SHUFFLE")
        {
            text = unordered(&without_seed(&text));
        }
        if case
            .variables
            .iter()
            .any(|(name, _)| name == "RUST_BACKTRACE")
        {
            text = without_frames(&text);
        }
        if case.is_ordered() {
            text
        } else {
            unordered(&text)
        }
    };
    Output {
        stdout: clean(&output.stdout),
        stderr: clean(&output.stderr),
        log: clean(&output.log),
        exit: output.exit,
    }
}

/// Moves what is no event from standard output to standard error.
fn with_prints_on_stderr(mut output: Output) -> Output {
    let mut events = String::new();
    for line in output.stdout.lines() {
        let start = line.find("{ \"type\": ").unwrap_or(line.len());
        let (printed, event) = line.split_at(start);
        if !printed.is_empty() {
            output.stderr += &format!("{printed}\n");
        }
        if !event.is_empty() {
            events += &format!("{event}\n");
        }
    }
    output.stdout = events;
    output
}

/// Returns the first line of `expected` that is not part of a line of `text`.
fn missing_line(expected: &str, text: &str) -> Option<String> {
    let is_missing = |line: &&str| !text.lines().any(|other| other.contains(line));
    let line = expected.lines().find(is_missing)?;
    Some(format!("  stderr lacks the line {line:?}:\n{text}"))
}

/// Also sorts the lines.
fn without_half_lines(output: Output) -> Output {
    let remove = |text: &str| unordered(&half_lines_removed(text));
    Output {
        stdout: remove(&output.stdout),
        stderr: remove(&output.stderr),
        log: remove(&output.log),
        exit: output.exit,
    }
}

fn first_difference(theirs: &Output, ours: &Output) -> Option<String> {
    let parts = [
        ("exit", &theirs.exit, &ours.exit),
        ("stdout", &theirs.stdout, &ours.stdout),
        ("stderr", &theirs.stderr, &ours.stderr),
        ("log", &theirs.log, &ours.log),
    ];
    let (part, theirs, ours) = parts.into_iter().find(|(_, theirs, ours)| theirs != ours)?;
    let lines = theirs.lines().zip(ours.lines());
    let same = lines.take_while(|(theirs, ours)| theirs == ours).count();
    let rest = |text: &str| {
        text.lines()
            .skip(same)
            .take(4)
            .map(|line| format!("    {line}\n"))
            .collect::<String>()
    };
    Some(format!(
        "  {part} differs from line {} on; libtest:\n{}  here:\n{}",
        same + 1,
        rest(theirs),
        rest(ours)
    ))
}
