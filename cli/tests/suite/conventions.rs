//! Conventions of cargo that the subcommand follows.

use std::fs;
use std::path::Path;

use crate::sandbox::{self, Output, Sandbox, read_tree};

fn fresh_crate() -> Sandbox {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    Sandbox::new(&cases.join("init_fresh_crate/in"))
}

fn init_with(variables: &[(&str, &str)], words: &str) -> Output {
    let sandbox = fresh_crate();
    let mut command = sandbox.command();
    command
        .arg("init")
        .args(words.split_whitespace())
        .envs(variables.iter().copied());
    sandbox.output(&mut command)
}

const GREEN: &str = "      \u{1b}[1;32mAdding\u{1b}[0m pyo3-aio";
const PLAIN: &str = "      Adding pyo3-aio";

#[test]
fn colours_are_for_terminals_unless_asked_for() {
    let starts = |variables: &[(&str, &str)], words, start| {
        let output = init_with(variables, words);
        assert!(
            output.stderr.starts_with(start),
            "{variables:?} {words}: {}",
            output.stderr
        );
    };
    starts(&[], "", PLAIN);
    starts(&[], "--color always", GREEN);
    starts(&[("CARGO_TERM_COLOR", "always")], "", GREEN);
    starts(&[("CARGO_TERM_COLOR", "always")], "--color never", PLAIN);
    starts(&[("NO_COLOR", "1")], "--color always", GREEN);
    starts(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], "", PLAIN);
}

#[test]
fn the_difference_is_coloured_too() {
    let output = init_with(&[], "-n --color always");
    assert!(
        output
            .stdout
            .contains("\u{1b}[32m+harness = false\u{1b}[0m\n"),
        "{}",
        output.stdout
    );
    assert!(init_with(&[], "-n").stdout.contains("\n+harness = false\n"));
}

#[test]
fn quiet_prints_nothing_but_warnings_and_errors() {
    let output = init_with(&[], "--quiet");
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
    let output = init_with(&[("CARGO_TERM_QUIET", "true")], "");
    assert_eq!((output.code, output.stderr.as_str()), (0, ""));
}

#[test]
fn verbose_tells_which_python_is_found() {
    let output = init_with(&[], "-v");
    let line = "       Found Python 3.12.1 at /usr/bin/python3\n";
    assert!(output.stderr.ends_with(line), "{}", output.stderr);
}

#[test]
fn flags_for_cargo_are_passed_on() {
    let sandbox = fresh_crate();
    let real = std::env::var("CARGO").unwrap();
    let log = sandbox.project().parent().unwrap().join("log");
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {}\nexec {real} \"$@\"\n",
        log.display()
    );
    let cargo = sandbox.script("cargo", &script);
    let mut command = sandbox.command();
    command
        .args(["init", "--locked", "--offline", "--version", "0.1"])
        .env("CARGO", cargo);
    sandbox.output(&mut command);
    let calls = fs::read_to_string(log).unwrap();
    assert!(calls.lines().count() >= 2, "{calls}");
    for call in calls.lines() {
        assert!(
            call.starts_with("metadata ") && call.contains("--locked --offline"),
            "{calls}"
        );
    }
}

#[test]
fn help_and_completions_know_every_command() {
    let sandbox = fresh_crate();
    let help = sandbox.run("pyo3-async-test --help").stdout;
    assert!(
        help.contains("Usage: cargo pyo3-async-test [OPTIONS] <COMMAND>"),
        "{help}"
    );
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = sandbox.run(&format!("completions {shell}"));
        assert_eq!(output.code, 0);
        for command in [
            "init",
            "new",
            "list",
            "doctor",
            "run",
            "ci",
            "runner",
            "completions",
            "demo",
        ] {
            assert!(
                help.contains(&format!("\n  {command} ")),
                "{command} in {help}"
            );
            assert!(output.stdout.contains(command), "{command} for {shell}");
        }
    }
}

/// The package holds what `completions --dir` writes. `SNAPSHOTS=overwrite` brings it up to date.
#[test]
fn packaged_completions_and_man_pages_are_up_to_date() {
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
    let sandbox = fresh_crate();
    let output = sandbox.run("completions --dir written");
    assert_eq!(output.code, 0, "{}", output.stderr);
    let written = sandbox.project().join("written");
    if std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite") {
        let _ = fs::remove_dir_all(&packaged);
        fs::create_dir(&packaged).unwrap();
        sandbox::copy(&written, &packaged);
    }
    let (written, packaged) = (read_tree(&written), read_tree(&packaged));
    for name in [
        "man/cargo-pyo3-async-test.1",
        "man/cargo-pyo3-async-test-init.1",
    ] {
        assert!(written.contains_key(name), "{name} in {:?}", written.keys());
    }
    assert!(written == packaged, "run this with SNAPSHOTS=overwrite");
}

#[test]
fn the_man_page_describes_the_commands() {
    let sandbox = fresh_crate();
    let page = sandbox.run("completions --man").stdout;
    for text in [".TH cargo-pyo3-async-test 1", "doctor", "completions"] {
        assert!(page.contains(text), "{text} in {page}");
    }
    assert_eq!(sandbox.run("completions").code, 2);
    assert_eq!(sandbox.run("completions bash --man").code, 2);
    let output = sandbox.run("completions --dir Cargo.toml");
    assert_eq!(output.code, 101);
    let message = "error: cannot write to `Cargo.toml`: choose another folder with `--dir`";
    assert!(output.stderr.starts_with(message), "{}", output.stderr);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let sandbox = fresh_crate();
    let program = env!("CARGO_BIN_EXE_cargo-pyo3-async-test");
    let mut command = std::process::Command::new("sh");
    let line = format!("({program} init -n; echo \"code $?\" >&2) | true");
    sandbox.prepare(command.args(["-c", &line]));
    let output = sandbox.output(&mut command);
    assert!(output.stderr.ends_with("code 0\n"), "{}", output.stderr);
}
