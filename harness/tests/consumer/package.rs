//! A package that depends on the harness, made when it is first needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use libtest_async::{Failed, Trial};

pub(crate) fn trials() -> Vec<Trial> {
    let trial = Trial::test("package::cargo_test_runs_it", || {
        cargo_test_runs_it();
        Ok::<(), Failed>(())
    });
    vec![ignored_without_lockfile(trial)]
}

/// The versions of dependencies come from the workspace, so that they need not be downloaded.
pub(crate) fn ignored_without_lockfile(trial: Trial) -> Trial {
    match lockfile().exists() {
        true => trial,
        false => trial.with_ignored_reason("there is no workspace around this package"),
    }
}

pub(crate) fn lockfile() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock")
}

/// Returns the folder of the package.
pub(crate) fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("consumer");
        let write = |path: &str, text: &str| {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            // What does not change need not be built again.
            if fs::read_to_string(&path).is_ok_and(|known| known == text) {
                return;
            }
            fs::write(path, text).unwrap();
        };
        write(
            "Cargo.toml",
            &MANIFEST.replace("$HARNESS", env!("CARGO_MANIFEST_DIR")),
        );
        write("src/lib.rs", LIBRARY);
        write("tests/suite.rs", SUITE);
        fs::copy(lockfile(), folder.join("Cargo.lock")).unwrap();
        folder
    })
}

/// Runs cargo on the package.
pub(crate) fn cargo(args: &[&str]) -> Output {
    cargo_with(args, |_| {})
}

/// Runs cargo on the package, with whatever `adapt` changes.
pub(crate) fn cargo_with(args: &[&str], adapt: impl FnOnce(&mut Command)) -> Output {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // What an outer cargo, or an outer nextest, says about itself is not about the inner one.
    for (name, _) in std::env::vars() {
        let is_about_outer = name.starts_with("NEXTEST") || name.starts_with("CARGO_PKG_");
        if is_about_outer || name == "CARGO_TARGET_DIR" || name == "CARGO_BUILD_TARGET" {
            command.env_remove(name);
        }
    }
    command
        .args(args)
        .current_dir(folder())
        .env("CARGO_NET_OFFLINE", "true");
    adapt(&mut command);
    command.output().unwrap()
}

fn cargo_test_runs_it() {
    let output = cargo(&["test", "--test", "suite", "--", "--test-threads=1"]);
    let report = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    let expected = "\nrunning 4 tests\ntest async_passes ... ok\ntest fails ... FAILED\ntest ignored ... ignored, for a reason\ntest passes ... ok\n\nfailures:\n\n---- fails stdout ----\nprinted by the test\nError: \"on purpose\"\n\n";
    assert!(report.starts_with(expected), "{report}{errors}");
    assert!(
        errors.contains("error: test failed, to rerun pass `--test suite`\n"),
        "{errors}"
    );
    assert!(!errors.contains("warning"), "{errors}");
    assert_eq!(output.status.code(), Some(101));
}

const MANIFEST: &str = r#"[package]
name = "consumer"
version = "0.0.0"
edition = "2021"

[lib]
crate-type = ["cdylib", "rlib"]

[dependencies]
libtest-async = { path = "$HARNESS" }

[[test]]
name = "suite"
harness = false

[profile.dev]
debug = false

[workspace]
"#;

const LIBRARY: &str = r#"//! Contains the harness.
use libtest_async::{Arguments, Trial};

#[no_mangle]
pub extern "C" fn run_tests() -> u64 {
    let args = Arguments::default();
    libtest_async::run(&args, vec![Trial::test("a", || Ok(()))]).num_passed
}
"#;

const SUITE: &str = r#"//! Tests of a user's.
#![deny(unsafe_code, warnings)]

use libtest_async::{Failed, Trial};

libtest_async::main!([
    Trial::test("passes", || Ok(())),
    Trial::test("fails", || {
        println!("printed by the test");
        Err(Failed::from_debug("on purpose"))
    }),
    Trial::test("ignored", || Ok(())).with_ignored_reason("for a reason"),
    Trial::async_test("async_passes", async { Ok(()) }),
]);
"#;
