//! What was written for libtest-mimic: its own published examples, with the dependency renamed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_async::{Failed, Trial};
use serde_json::Value;

use crate::package::{self, cargo_with, lockfile};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = Trial::test("mimic::its_examples_run", || {
        its_examples_run();
        Ok::<(), Failed>(())
    });
    vec![package::ignored_without_lockfile(trial)]
}

fn its_examples_run() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("migrated");
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::create_dir_all(folder.join("examples")).unwrap();
    let manifest = MANIFEST.replace("$HARNESS", env!("CARGO_MANIFEST_DIR"));
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    fs::copy(lockfile(), folder.join("Cargo.lock")).unwrap();
    for example in ["simple.rs", "tidy.rs"] {
        let text = fs::read_to_string(published().join("examples").join(example)).unwrap();
        fs::write(folder.join("examples").join(example), text).unwrap();
    }

    let simple = run(&folder, "simple", &["--test-threads=1"]);
    let expected = "\nrunning 5 tests\ntest [compile-fail] foo ... ok\ntest check_katara ... ok\ntest check_sokka ... FAILED\ntest check_toph ... ok\ntest long_computation ... ignored\n\nfailures:\n\n---- check_sokka stdout ----\nError: Sokka tripped and fell :(\n";
    let report = String::from_utf8_lossy(&simple.stdout);
    assert!(report.starts_with(expected), "{simple:?}");
    assert_eq!(simple.status.code(), Some(101));

    let tidy = run(&folder, "tidy", &["--list"]);
    let report = String::from_utf8_lossy(&tidy.stdout);
    assert!(
        report.contains("[tidy] examples/tidy.rs: test\n"),
        "{tidy:?}"
    );
    assert_eq!(tidy.status.code(), Some(0));
}

fn run(folder: &Path, example: &str, args: &[&str]) -> Output {
    let args = [&["run", "-q", "--example", example, "--"], args].concat();
    cargo_with(&args, |command| {
        command.current_dir(folder);
    })
}

/// Returns the folder of libtest-mimic, which the tests here depend on too.
///
/// Packages that only other platforms need have never been downloaded on a machine of one platform.
fn published() -> PathBuf {
    let args = [
        "metadata",
        "--format-version=1",
        "--filter-platform",
        &platform(),
    ];
    let output = cargo_with(&args, |command| {
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages
        .iter()
        .find(|package| package["name"] == "libtest-mimic")
        .unwrap();
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    manifest.parent().unwrap().to_owned()
}

fn platform() -> String {
    let mut rustc = Command::new("rustc");
    let output = rustc.args(["--print", "host-tuple"]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

const MANIFEST: &str = r#"[package]
name = "migrated"
version = "0.0.0"
edition = "2021"

[dependencies]
libtest-mimic = { package = "libtest-async", path = "$HARNESS" }

[profile.dev]
debug = false

[workspace]
"#;
