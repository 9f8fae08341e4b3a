//! The rendered templates compile, pass, and are formatted as rustfmt does, for each runtime.
//!
//! One crate has the files of all runtimes, and its build is kept from run to run.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const MANIFEST: &str = r#"[package]
name = "rendered"
version = "0.1.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]

[dependencies]
pyo3 = "0.30"

[profile.dev]
debug = "line-tables-only"

[workspace]
"#;

const LIBRARY: &str = "\
#[pyo3::pymodule]
mod rendered {}

pub mod parts;

mod private {
    pub(super) fn answer() -> u8 {
        42
    }

    #[cfg(test)]
    #[pyo3_aio::tokio::test]
    fn knows_the_private_answer() -> pyo3::PyResult<()> {
        use pyo3::prelude::*;
        Python::attach(|py| {
            py.import(\"rendered\")?;
            py.import(\"rendered_part\")?;
            assert_eq!(answer(), 42);
            Ok(())
        })
    }
}

/// Is used outside of tests.
pub fn answer() -> u8 {
    private::answer()
}
";

/// A private module for Python in a file of its own.
const PARTS: &str = "\
use pyo3::prelude::*;

#[pymodule(name = \"rendered_part\")]
fn part(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
";

const COMMANDS: [&str; 7] = [
    "init --runtime tokio --name example_tokio",
    "init --runtime async-std --name example_async_std",
    "init --runtime smol --name example_smol",
    "new --runtime tokio new_tokio",
    "new --runtime async-std new_async_std",
    "new --runtime smol new_smol",
    "init --runtime tokio --name module --lib",
];

pub(crate) fn temporary() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("rendered")
}

/// A command as a user starts it, without the variables of the outer cargo.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", temporary().join("target"));
    for name in [
        "LD_LIBRARY_PATH",
        "DYLD_FALLBACK_LIBRARY_PATH",
        "CARGO_MANIFEST_DIR",
    ] {
        command.env_remove(name);
    }
    command
}

pub(crate) fn succeeds(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let (stdout, stderr) = (&output.stdout, &output.stderr);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}\n{}\n{}",
        text(stdout),
        text(stderr)
    );
    output
}

pub(crate) fn make_crate(name: &str) -> PathBuf {
    let folder = temporary().join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("Cargo.toml"), MANIFEST).unwrap();
    fs::write(folder.join("src/lib.rs"), LIBRARY).unwrap();
    fs::write(folder.join("src/parts.rs"), PARTS).unwrap();
    // The same versions as here, so that nothing has to be fetched.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    fs::copy(lock, folder.join("Cargo.lock")).unwrap();
    folder
}

#[test]
fn written_files_compile_pass_and_are_formatted() {
    let folder = make_crate("crate");
    for line in COMMANDS {
        let program = env!("CARGO_BIN_EXE_cargo-pyo3-async-test");
        succeeds(command(program, &folder).args(line.split(' ')));
    }
    let files = fs::read_dir(folder.join("pytests")).unwrap();
    let files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), COMMANDS.len());
    let files = files.into_iter().chain([folder.join("src/lib.rs")]);
    succeeds(
        command("rustfmt", &folder)
            .args(["--check", "--edition", "2024"])
            .args(files),
    );
    let cargo = env::var_os("CARGO").unwrap();
    let output = succeeds(command(cargo, &folder).args(["test", "--tests"]));
    let passed = String::from_utf8(output.stdout).unwrap();
    let count = |line: &str| passed.lines().filter(|each| *each == line).count();
    assert_eq!(count("test test_async_sleep ... ok"), 4, "{passed}");
    assert_eq!(count("test test_python_awaits_rust ... ok"), 4, "{passed}");
    assert_eq!(count("test test_sync_sleep ... ok"), 4, "{passed}");
    assert_eq!(count("test test_import_rendered ... ok"), 1, "{passed}");
    let in_library = "test private::knows_the_private_answer ... ok";
    assert_eq!(count(in_library), 1, "{passed}");
    for name in ["new_tokio", "new_async_std", "new_smol"] {
        assert_eq!(count(&format!("test {name}_works ... ok")), 1, "{passed}");
    }
}

/// Cargo adds no path to libpython for a build folder outside of the target folder.
#[test]
fn with_a_build_dir_elsewhere_doctor_warns_and_run_finds_libpython() {
    let folder = make_crate("elsewhere");
    let run = |words: &str| {
        let mut command = command(env!("CARGO_BIN_EXE_cargo-pyo3-async-test"), &folder);
        command
            .args(words.split(' '))
            .env("CARGO_BUILD_BUILD_DIR", temporary().join("elsewhere-build"));
        let output = succeeds(&mut command);
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(output.stdout), text(output.stderr))
    };
    run("init --lib");
    let (findings, _) = run("doctor");
    let warning = "warning build-dir          `build.build-dir` is ";
    assert!(findings.contains(warning), "{findings}");
    let (report, log) = run("run async");
    assert!(
        report.contains("test test_async_sleep ... ok\n"),
        "{report}"
    );
    let hint = "`build.build-dir` lies outside of the target folder";
    assert!(log.contains(hint), "{log}");
    assert!(!log.contains("running on"), "{log}");
}
