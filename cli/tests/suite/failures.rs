//! Failures leave the project unchanged.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sandbox::{Output, Sandbox};

/// The project that `maturin new` makes, in which `init` has three files to write.
fn fresh_crate() -> Sandbox {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    Sandbox::new(&cases.join("init_fresh_crate/in"))
}

fn set_mode(path: PathBuf, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn has_temporary_files(sandbox: &Sandbox) -> bool {
    sandbox
        .tree()
        .keys()
        .any(|name| name.contains(".pyo3-async-test-"))
}

/// `init` under a limit of the size of files, which is what a full disk looks like.
fn init_with_file_limit(sandbox: &Sandbox, setup: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_cargo-pyo3-async-test");
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{setup}; exec {program} init")]);
    sandbox.prepare(&mut command);
    sandbox.output(&mut command)
}

#[test]
fn a_read_only_manifest_is_told_and_nothing_is_written() {
    let sandbox = fresh_crate();
    set_mode(sandbox.project().join("Cargo.toml"), 0o444);
    let before = sandbox.tree();
    let output = sandbox.run("init");
    assert_eq!(output.code, 101);
    assert!(
        output
            .stderr
            .contains("cannot write `[PROJECT]/Cargo.toml`"),
        "{}",
        output.stderr
    );
    assert!(
        output.stderr.contains("the file is read-only"),
        "{}",
        output.stderr
    );
    assert_eq!(sandbox.tree(), before);
    assert!(!sandbox.project().join("pytests").exists());
}

#[test]
fn a_manifest_that_is_not_utf_8_is_told_with_the_place_and_nothing_is_written() {
    let sandbox = fresh_crate();
    let manifest = sandbox.project().join("Cargo.toml");
    let bytes = b"[package]\nname = \"demo\"\nauthors = [\"Ren\xe9\"]\n";
    fs::write(&manifest, bytes).unwrap();
    let output = sandbox.run("init");
    assert_eq!(output.code, 101);
    for told in [
        "cannot parse `[PROJECT]/Cargo.toml`: correct it and run this again; nothing was written",
        "byte 0xe9 at line 3, column 16 is not UTF-8",
    ] {
        assert!(output.stderr.contains(told), "{}", output.stderr);
    }
    assert_eq!(fs::read(manifest).unwrap(), bytes);
    assert!(!sandbox.project().join("pytests").exists());
}

#[test]
fn the_permissions_of_the_manifest_stay() {
    let sandbox = fresh_crate();
    let manifest = sandbox.project().join("Cargo.toml");
    set_mode(manifest.clone(), 0o640);
    assert_eq!(sandbox.run("init").code, 0);
    assert_eq!(
        fs::metadata(manifest).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn a_full_disk_is_reported_and_everything_is_undone() {
    let sandbox = fresh_crate();
    let before = sandbox.tree();
    let output = init_with_file_limit(&sandbox, "trap '' XFSZ; ulimit -f 0");
    assert_eq!(output.code, 101, "{}", output.stderr);
    assert!(
        output.stderr.contains("all changes have been undone"),
        "{}",
        output.stderr
    );
    assert!(
        output.stderr.contains("File too large"),
        "{}",
        output.stderr
    );
    assert_eq!(sandbox.tree(), before);
    assert!(!sandbox.project().join("pytests").exists());
}

/// The signal comes while the first file is being written.
#[test]
fn after_an_interruption_the_manifest_is_as_it_was_and_a_second_run_completes_it() {
    let sandbox = fresh_crate();
    let before = sandbox.tree();
    let output = init_with_file_limit(&sandbox, "ulimit -f 0");
    assert_eq!(output.code, -1, "killed by the signal: {}", output.stderr);
    assert_eq!(sandbox.tree()["Cargo.toml"], before["Cargo.toml"]);
    assert!(
        has_temporary_files(&sandbox),
        "the signal came too early or too late"
    );
    let output = sandbox.run("init");
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert_eq!(
        sandbox.run("init").stderr.split_whitespace().next(),
        Some("Unchanged")
    );
}

/// The manifest is the only file that is longer than the limit, and the last that is written.
#[test]
fn an_interruption_before_the_manifest_leaves_files_that_a_second_run_takes_up() {
    let sandbox = fresh_crate();
    let manifest = sandbox.project().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap() + &"# A long comment.\n".repeat(1000);
    fs::write(&manifest, &text).unwrap();
    let output = init_with_file_limit(&sandbox, "ulimit -f 16");
    assert_eq!(output.code, -1, "killed by the signal: {}", output.stderr);
    assert_eq!(sandbox.tree()["Cargo.toml"], text);
    assert!(
        sandbox.project().join("pytests/test_example.rs").exists(),
        "the files come first"
    );
    let output = sandbox.run("init");
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(sandbox.tree()["Cargo.toml"].contains("name = \"test_example\""));
    assert_eq!(
        sandbox.run("init").stderr.split_whitespace().next(),
        Some("Unchanged")
    );
}

#[test]
fn changes_that_cargo_refuses_are_undone() {
    let sandbox = fresh_crate();
    let real = std::env::var("CARGO").unwrap();
    // Refuses from the second call on.
    let script = format!(
        "#!/bin/sh\nif [ -e \"$0.called\" ]; then echo 'error: no thanks' >&2; exit 101; fi\n\
         : > \"$0.called\"\nexec {real} \"$@\"\n"
    );
    let cargo = sandbox.script("cargo", &script);
    let before = sandbox.tree();
    let output = sandbox.output(sandbox.command().arg("init").env("CARGO", cargo));
    assert_eq!(output.code, 101);
    assert!(
        output.stderr.contains("all changes have been undone"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("no thanks"), "{}", output.stderr);
    assert_eq!(sandbox.tree(), before);
    assert!(!sandbox.project().join("pytests").exists());
}

#[test]
fn nothing_outside_the_package_is_written() {
    let sandbox = fresh_crate();
    let names = || {
        let folder = sandbox.project().parent().unwrap().to_owned();
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let before = names();
    assert_eq!(sandbox.run("init").code, 0);
    assert_eq!(names(), before);
}
