//! The stub of the example, checked by mypy and pyright.

use std::path::PathBuf;
use std::process::Command;

use pyo3::prelude::*;

use crate::python::require;

#[pyo3_aio::tokio::test]
fn mypy_agrees_with_the_stub() {
    check("mypy", &["--strict", "--warn-unused-ignores"]);
}

#[pyo3_aio::tokio::test]
fn pyright_agrees_with_the_stub() {
    check("pyright", &["--project", "pyrightconfig.json"]);
}

/// Runs a type checker, as a module of the interpreter, on the uses of the example beside its stub.
fn check(checker: &str, arguments: &[&str]) {
    require(checker);
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("typing-{checker}"));
    std::fs::create_dir_all(&folder).unwrap();
    let configuration = "{\"reportUnnecessaryTypeIgnoreComment\": true}";
    std::fs::write(folder.join("pyrightconfig.json"), configuration).unwrap();
    for file in ["examples/extension.pyi", "pytests/typing/uses.py"] {
        let name = root.join(file);
        std::fs::copy(&name, folder.join(name.file_name().unwrap())).unwrap();
    }
    let checked = Command::new(executable())
        .args(["-m", checker])
        .args(arguments)
        .args((checker == "mypy").then_some("uses.py"))
        .current_dir(&folder)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&checked.stdout);
    let errors = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{output}{errors}");
}

fn executable() -> PathBuf {
    Python::attach(|py| py.import("sys")?.getattr("executable")?.extract()).unwrap()
}
