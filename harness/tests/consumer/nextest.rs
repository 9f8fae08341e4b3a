//! cargo-nextest: what it calls, and, where it is installed, the program itself.

use std::path::Path;
use std::process::Command;

use libtest_async::{Failed, Trial};

use crate::package::{self, cargo};

pub(crate) fn trials() -> Vec<Trial> {
    let test = |name: &str, body: fn()| {
        let trial = Trial::test(format!("nextest::{name}"), move || {
            body();
            Ok::<(), Failed>(())
        });
        match is_installed() {
            true => package::ignored_without_lockfile(trial),
            false => trial.with_ignored_reason("cargo-nextest is not installed"),
        }
    };
    vec![
        test("it_lists_the_tests", it_lists_the_tests),
        test("it_runs_the_tests", it_runs_the_tests),
        test("it_runs_a_partition", it_runs_a_partition),
        test("it_runs_an_archive", it_runs_an_archive),
    ]
}

fn is_installed() -> bool {
    let version = Command::new("cargo-nextest")
        .args(["nextest", "--version"])
        .output();
    version.is_ok_and(|output| output.status.success())
}

fn nextest(args: &[&str]) -> (String, Option<i32>) {
    let output = cargo(&[&["nextest"], args].concat());
    let text = [output.stdout, output.stderr].concat();
    (
        String::from_utf8_lossy(&text).into_owned(),
        output.status.code(),
    )
}

fn it_lists_the_tests() {
    let (text, code) = nextest(&["list", "--color=never"]);
    for name in ["passes", "fails", "async_passes"] {
        let name = format!("consumer::suite {name}");
        assert!(text.lines().any(|line| line.trim() == name), "{text}");
    }
    assert_eq!(code, Some(0), "{text}");
}

fn it_runs_the_tests() {
    let (text, code) = nextest(&["run", "--color=never", "--no-fail-fast"]);
    let expected = "3 tests run: 2 passed, 1 failed, 1 skipped";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains("Error: \"on purpose\""), "{text}");
    assert_eq!(code, Some(100), "{text}");
    let (text, code) = nextest(&["run", "--color=never", "-E", "test(=async_passes)"]);
    assert!(text.contains("1 test run: 1 passed, 3 skipped"), "{text}");
    assert_eq!(code, Some(0), "{text}");
    let (text, _) = nextest(&["run", "--color=never", "--run-ignored=only"]);
    assert!(text.contains("1 test run: 1 passed, 3 skipped"), "{text}");
}

fn it_runs_a_partition() {
    let run = |part: &str| {
        nextest(&[
            "run",
            "--color=never",
            "--no-fail-fast",
            "--partition",
            part,
        ])
    };
    let ((first, _), (second, _)) = (run("count:1/2"), run("count:2/2"));
    assert!(
        first.contains("2 tests run: ") || first.contains("1 test run: "),
        "{first}"
    );
    let is_run = |text: &str, name: &str| {
        let mut lines = text.lines().map(str::trim_end);
        lines.any(|line| line.ends_with(name) && (line.contains("PASS") || line.contains("FAIL")))
    };
    for name in ["passes", "async_passes", "fails"] {
        let name = format!("consumer::suite {name}");
        assert!(
            is_run(&first, &name) != is_run(&second, &name),
            "{name}: {first}{second}"
        );
    }
}

fn it_runs_an_archive() {
    let archive = Path::new(env!("CARGO_TARGET_TMPDIR")).join("consumer.tar.zst");
    let archive = archive.to_str().unwrap();
    let (text, code) = nextest(&["archive", "--color=never", "--archive-file", archive]);
    assert_eq!(code, Some(0), "{text}");
    // The archive is unpacked elsewhere, and nothing is built.
    let args = [
        "run",
        "--color=never",
        "--no-fail-fast",
        "--archive-file",
        archive,
    ];
    let (text, code) = nextest(&args);
    let expected = "3 tests run: 2 passed, 1 failed, 1 skipped";
    assert!(text.contains(expected), "{text}");
    assert!(!text.contains("Compiling"), "{text}");
    assert_eq!(code, Some(100), "{text}");
}
