//! The checkout that the subcommand was built from, and the warning if it has been deleted.
//!
//! The tests cannot delete the checkout, which is this one. So they run a copy of the program in which its path is
//! replaced by another one of the same length. They run on Linux only: on macOS a changed program loses its signature.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sandbox::{Output, Sandbox};

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// Returns a path of the same length that does not exist: `~` replaces the last character of the parent.
fn deleted() -> PathBuf {
    let parent = Path::new(PACKAGE).parent().unwrap().to_str().unwrap();
    let deleted = PathBuf::from(format!("{}~", &parent[..parent.len() - 1]));
    assert!(!deleted.exists());
    deleted
}

fn program(sandbox: &Sandbox) -> PathBuf {
    let mut bytes = fs::read(env!("CARGO_BIN_EXE_cargo-pyo3-async-test")).unwrap();
    let folder = deleted().join(Path::new(PACKAGE).file_name().unwrap());
    let folder = folder.to_str().unwrap().as_bytes();
    let windows = bytes.windows(PACKAGE.len()).enumerate();
    let found = windows.filter(|(_, window)| *window == PACKAGE.as_bytes());
    let positions: Vec<usize> = found.map(|(position, _)| position).collect();
    assert!(!positions.is_empty());
    for position in positions {
        bytes[position..position + folder.len()].copy_from_slice(folder);
    }
    let copy = sandbox.script("copy", "");
    fs::write(&copy, bytes).unwrap();
    // A file that this process has written may still be open in a child that another test is
    // starting, and cannot be executed then (ETXTBSY).
    let program = copy.with_file_name("program");
    let status = Command::new("cp").arg(&copy).arg(&program).status();
    assert!(status.unwrap().success());
    program
}

fn fresh_crate() -> Sandbox {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    Sandbox::new(&cases.join("init_fresh_crate/in"))
}

fn run(sandbox: &Sandbox, program: &Path, line: &str) -> Output {
    let mut command = Command::new(program);
    sandbox.prepare(&mut command);
    let output = sandbox.output(command.args(line.split_whitespace()));
    assert_eq!(output.code, 0, "{}", output.stderr);
    output
}

#[test]
fn a_deleted_checkout_is_named_where_the_registry_replaces_it() {
    let sandbox = fresh_crate();
    let program = program(&sandbox);
    let warning = format!(
        "warning: `{}`, which this was built from, is gone",
        deleted().display()
    );
    let output = run(&sandbox, &program, "init");
    assert!(output.stderr.contains(&warning), "{}", output.stderr);
    for flag in ["`--path`", "`--git`"] {
        assert!(output.stderr.contains(flag), "{}", output.stderr);
    }
    let version = format!("version = \"{}\"", env!("CARGO_PKG_VERSION"));
    let manifest = &sandbox.tree()["Cargo.toml"];
    assert!(manifest.contains(&version), "{manifest}");
    // The manifest has its source now.
    for line in ["init", "new more"] {
        let output = run(&sandbox, &program, line);
        assert!(!output.stderr.contains("warning"), "{}", output.stderr);
    }
}

#[test]
fn with_a_source_that_is_named_there_is_no_warning() {
    let sandbox = fresh_crate();
    let program = program(&sandbox);
    for line in [
        "init -n --version 0.1.0",
        "init --git https://example.com/a",
    ] {
        let output = run(&sandbox, &program, line);
        assert!(!output.stderr.contains("is gone"), "{}", output.stderr);
    }
}
