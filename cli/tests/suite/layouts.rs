//! Projects laid out as users of PyO3 do: after the commands of a case they build, and their tests pass.
//!
//! The builds share a target folder with those of `rendered`, where the dependencies are built once.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::rendered;
use crate::sandbox;

/// Runs the commands of a case in a copy of its project, with the dependency on pyo3-aio taken from the checkout.
fn set_up(case: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(case);
    let folder = rendered::temporary().join(case);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    sandbox::copy(&source.join("in"), &folder);
    let manifest = match folder.join("Cargo.toml") {
        beside if beside.exists() => beside,
        _ => folder.join("native/Cargo.toml"),
    };
    let text = fs::read_to_string(&manifest)
        .unwrap()
        .replace("0.29", "0.30");
    // The crate must not become part of the workspace around it.
    let workspace = if text.contains("[workspace]") {
        ""
    } else {
        "\n[workspace]\n"
    };
    let debug = "\n[profile.dev]\ndebug = \"line-tables-only\"\n";
    fs::write(&manifest, format!("{text}{workspace}{debug}")).unwrap();
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    fs::copy(lock, manifest.with_file_name("Cargo.lock")).unwrap();
    let commands = fs::read_to_string(source.join("cmd")).unwrap();
    for line in commands.lines() {
        let words = line
            .split(' ')
            .filter(|word| !["--version", "0.1"].contains(word));
        let program = env!("CARGO_BIN_EXE_cargo-pyo3-async-test");
        rendered::succeeds(rendered::command(program, &folder).args(words));
    }
    folder
}

fn cargo(folder: &Path, line: &str) -> String {
    let cargo = env::var_os("CARGO").unwrap();
    let output = rendered::succeeds(rendered::command(cargo, folder).args(line.split(' ')));
    String::from_utf8(output.stdout).unwrap()
}

fn passes(report: &str, test: &str) {
    let line = format!("test {test} ... ok");
    assert!(
        report.lines().any(|each| each == line),
        "{line} in\n{report}"
    );
}

#[test]
fn a_crate_that_denies_missing_docs_builds_and_imports_its_module() {
    let folder = set_up("init_lib_missing_docs");
    cargo(&folder, "build");
    let report = cargo(&folder, "test --tests");
    passes(&report, "test_async_sleep");
    passes(&report, "test_import_demo");
}

#[test]
fn code_that_is_written_passes_the_pedantic_lints_of_a_workspace() {
    let folder = set_up("init_lib_workspace_lints");
    cargo(&folder, "clippy --all-targets");
}

#[test]
fn unit_tests_link_where_a_default_feature_kept_them_from_it() {
    let folder = set_up("init_extension_module_by_default");
    let report = cargo(&folder, "test --tests");
    passes(&report, "tests::calls_python");
    passes(&report, "test_async_sleep");
}

#[test]
fn unit_tests_link_where_extension_module_has_to_stay() {
    let folder = set_up("init_extension_module_elsewhere");
    let report = cargo(&folder, "test --tests");
    passes(&report, "tests::calls_python");
    passes(&report, "test_async_sleep");
}

#[test]
fn a_module_behind_a_path_and_a_re_export_is_imported() {
    let folder = set_up("init_lib_module_in_places");
    passes(&cargo(&folder, "test --tests"), "test_import_demo");
}

#[test]
fn a_manifest_below_pyproject_is_tested_by_its_path() {
    let folder = set_up("init_manifest_below");
    let report = cargo(
        &folder,
        "test --manifest-path native/Cargo.toml --test test_example",
    );
    passes(&report, "test_async_sleep");
}

#[test]
fn tests_of_an_optional_pyo3_pass_with_its_feature_and_without() {
    let folder = set_up("init_optional_pyo3");
    passes(
        &cargo(&folder, "test --test test_example"),
        "test_async_sleep",
    );
    passes(
        &cargo(&folder, "test --features python --test test_example"),
        "test_async_sleep",
    );
}
