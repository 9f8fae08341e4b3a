//! A Python that will not do is told before cargo is called.

use std::fs;

use crate::sandbox::{Output, Sandbox};

fn demo_with(answer: &str) -> (Sandbox, Output) {
    let sandbox = Sandbox::new("none".as_ref());
    let lines = answer.replace(' ', "\\n");
    let python = sandbox.script("other-python", &format!("#!/bin/sh\nprintf '{lines}\\n'\n"));
    let mut command = sandbox.command();
    command
        .args(["demo", "new"])
        .env("PYO3_PYTHON", python)
        .env("CARGO", "/does/not/exist");
    let output = sandbox.output(&mut command);
    (sandbox, output)
}

fn refuses(answer: &str, message: &str) {
    let (sandbox, output) = demo_with(answer);
    assert_eq!(output.code, 101);
    assert!(output.stderr.contains(message), "{}", output.stderr);
    assert!(
        !sandbox.project().join("new").exists(),
        "nothing is written"
    );
}

#[test]
fn an_old_one() {
    refuses(
        "3.8.18 /p 1 libp.so /l/libp.so",
        "is 3.8.18, and pyo3 needs 3.9 or newer",
    );
}

#[test]
fn one_without_a_shared_library() {
    refuses(
        "3.12.1 /p 0 libp.a /l/libp.a",
        "PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install",
    );
}

#[test]
fn one_whose_library_is_not_installed() {
    let (_, output) = demo_with("3.12.1 /p 1 libpython3.12.so.1.0 ''");
    assert!(
        output.stderr.contains("sudo apt install libpython3.12-dev"),
        "{}",
        output.stderr
    );
}

#[test]
fn none_at_all() {
    let sandbox = Sandbox::new("none".as_ref());
    let empty = sandbox.project().join("empty");
    fs::create_dir(&empty).unwrap();
    let mut command = sandbox.command();
    command
        .args(["demo", "new"])
        .env_remove("PYO3_PYTHON")
        .env("PATH", empty);
    let output = sandbox.output(&mut command);
    assert_eq!(output.code, 101);
    assert!(
        output
            .stderr
            .starts_with("error: no Python 3 on PATH: install"),
        "{}",
        output.stderr
    );
}

#[test]
fn init_warns_and_goes_on() {
    let case = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/cases/init_fresh_crate/in"
    );
    let sandbox = Sandbox::new(case.as_ref());
    let mut command = sandbox.command();
    command.arg("init").env("PYO3_PYTHON", "/does/not/exist");
    let output = sandbox.output(&mut command);
    assert_eq!(output.code, 0, "{}", output.stderr);
    let warning = "warning: `cargo test` will not build yet: the Python `/does/not/exist` (by \
                   PYO3_PYTHON) does not run";
    assert!(output.stderr.contains(warning), "{}", output.stderr);
    assert!(sandbox.project().join("pytests/test_example.rs").exists());
}

/// As pyo3 does: `python` first, and only if it is a Python 3.
#[test]
fn the_first_python_3_on_path_is_taken() {
    let case = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/cases/init_fresh_crate/in"
    );
    let sandbox = Sandbox::new(case.as_ref());
    let folder = sandbox.project().parent().unwrap().to_owned();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let answer = |version: &str| format!("#!/bin/sh\nprintf '{version}\\n/p\\n1\\nl\\n/l\\n'\n");
    sandbox.script("python3", &answer("3.13.0"));
    for (python, found) in [("2.7.18", "3.13.0"), ("3.12.1", "3.12.1")] {
        sandbox.script("python", &answer(python));
        let mut command = sandbox.command();
        command
            .args(["init", "-n", "-v"])
            .env_remove("PYO3_PYTHON")
            .env("PATH", &path);
        let output = sandbox.output(&mut command);
        let line = format!("       Found Python {found} at /p\n");
        assert!(output.stderr.contains(&line), "{}", output.stderr);
    }
}
