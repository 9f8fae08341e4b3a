//! Which Python runs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use pyo3_aio::testing::skip;

use crate::krate::{Facts, Krate, path_without_environment};
use crate::pythons::Interpreter;

/// Asserts that nothing is left of another Python.
fn assert_runs(facts: &Facts, python: &Interpreter, prefix: &str) {
    assert_eq!(facts.get("version"), python.version);
    assert_eq!(facts.get("prefix"), prefix);
    assert_eq!(facts.get("child"), format!("{} {prefix}", python.version));
    assert_eq!(facts.get("libpython").split(' ').count(), 1, "{facts:#?}");
}

/// Runs the tests of every kind with nothing but the Python named.
async fn assert_everything_runs(krate: &Krate, python: &Interpreter) {
    let tests = krate.cargo("test").await;
    tests.succeeds();
    for line in [
        "test private::python_gets_the_private_answer ... ok",
        "test facts ... ok",
        "test imports_the_module_of_the_crate ... ok",
        "test src/lib.rs - (line 3) ... ok",
    ] {
        assert_eq!(tests.count(line), 1, "{line}\n{tests:#?}");
    }
    let example = krate.cargo("run --example embeds").await;
    example.succeeds();
    assert_eq!(example.stdout, format!("version={}\n", python.version));
    let prefix = python.prefix.to_str().unwrap();
    assert_runs(&krate.facts().await, python, prefix);
}

#[pyo3_aio::smol::test(timeout = "10m")]
async fn tests_of_every_kind_run_without_any_variable() {
    let python = Interpreter::own();
    let krate = Krate::new("plain", "own").with("PYO3_PYTHON", &python.executable);
    assert_everything_runs(&krate, &python).await;
    let nextest = krate.cargo("nextest run").await;
    // Not everybody has it; `.ci/run` installs it for a step of its own.
    if !nextest.stderr.contains("no such command") {
        nextest.succeeds();
        assert!(
            nextest.stderr.contains("3 tests run: 3 passed"),
            "{nextest:#?}"
        );
    }
}

#[pyo3_aio::smol::test(timeout = "10m")]
async fn so_they_do_with_another_python() {
    let Some(python) = Interpreter::another() else {
        skip!("no other Python was found");
    };
    let krate = Krate::new("another", "another").with("PYO3_PYTHON", &python.executable);
    assert_everything_runs(&krate, &python).await;
}

#[pyo3_aio::smol::test(timeout = "10m")]
async fn a_virtual_environment_is_found_however_it_is_named() {
    let python = Interpreter::own();
    let new = || Krate::new("environment", "environment");
    let environment = new().folder().join(".venv");
    python.make_environment(&environment);
    let prefix = environment.to_str().unwrap();
    let bin = environment.join("bin");
    let activated = format!("{}:{}", bin.display(), path_without_environment());
    let named = python.executable.parent().unwrap().display();
    let found_first = format!("{named}:{}", path_without_environment());
    let krates = [
        new().with("VIRTUAL_ENV", prefix).with("PATH", activated),
        new().with("VIRTUAL_ENV", prefix),
        new().with("PYO3_PYTHON", bin.join("python")),
        // It lies beside the manifest, which nobody says.
        new().with("PATH", found_first),
    ];
    for krate in krates {
        let facts = krate.facts().await;
        assert_runs(&facts, &python, prefix);
        assert_eq!(facts.get("in venv only"), "True");
        let executable = PathBuf::from(facts.get("executable"));
        assert!(executable.starts_with(&environment), "{facts:#?}");
    }
}

/// Python is in another folder than the one that it was configured for, as those of uv are.
#[pyo3_aio::smol::test(timeout = "10m")]
async fn a_python_that_has_moved_runs() {
    let python = Interpreter::own();
    let krate = Krate::new("moved", "own").with("PYO3_PYTHON", &python.executable);
    let moved = krate.folder().join("python");
    if moved.exists() {
        fs::remove_dir_all(&moved).unwrap();
    }
    fs::create_dir_all(moved.join("bin")).unwrap();
    symlink(python.prefix.join("lib"), moved.join("lib")).unwrap();
    let executable = moved.join("bin/python3");
    fs::copy(&python.executable, &executable).unwrap();
    let krate = krate.with("PYO3_ASYNC_TEST_PYTHON", &executable);
    let facts = krate.facts().await;
    assert_runs(&facts, &python, moved.to_str().unwrap());
    assert_eq!(facts.get("executable"), executable.to_str().unwrap());
}

#[pyo3_aio::smol::test(timeout = "10m")]
async fn output_is_utf_8_in_the_c_locale() {
    let python = Interpreter::own();
    let krate = Krate::new("locale", "own").with("PYO3_PYTHON", &python.executable);
    let facts = krate.with("LC_ALL", "C").facts().await;
    assert_eq!(facts.get("accented"), "caf\u{e9}");
}
