//! Builds of the crate with other features and linkers: its tests run, and its extension module needs no libpython.

use std::fs;

use crate::krate::Krate;
use crate::pythons::Interpreter;

/// A crate whose extension module goes where those of the others do: tests that look at it run alone.
fn krate(name: &str) -> (Krate, Interpreter) {
    let python = Interpreter::own();
    let krate = Krate::new(name, "own").with("PYO3_PYTHON", &python.executable);
    (krate, python)
}

/// Asserts that its tests run, and that what is shipped does not ask for libpython.
async fn assert_tested_and_shipped(krate: &Krate) {
    let tests = krate.cargo("test --lib --tests").await;
    tests.succeeds();
    let in_library = "test private::python_gets_the_private_answer ... ok";
    assert_eq!(tests.count(in_library), 1, "{tests:#?}");
    assert_eq!(tests.count("test facts ... ok"), 1, "{tests:#?}");
    krate.cargo("build").await.succeeds();
    let needed = krate.needed_by_module().await;
    assert!(needed.contains("libc.so"), "{needed}");
    assert!(!needed.contains("libpython"), "{needed}");
}

#[pyo3_aio::smol::test(timeout = "10m", serial)]
async fn extension_module_may_be_on() {
    let (krate, _python) = krate("extension");
    assert_tested_and_shipped(&krate.with_feature("extension-module")).await;
}

#[pyo3_aio::smol::test(timeout = "10m", serial)]
async fn extension_module_may_be_on_with_the_linker_of_gnu() {
    let (krate, _python) = krate("extension_gnu");
    let krate = krate
        .with_feature("extension-module")
        .with("EMBEDDED_LINKER", "bfd");
    assert_tested_and_shipped(&krate).await;
    let program = fs::read(krate.facts_program().await).unwrap();
    let has = |text: &str| {
        program
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(has("GCC: "), "no names of tools are in the program");
    assert!(!has("Linker: LLD"), "LLD has linked it");
}

#[pyo3_aio::smol::test(timeout = "10m", serial)]
async fn maturin_s_variable_may_be_set() {
    let python = Interpreter::own();
    let krate = Krate::new("maturin", "maturin")
        .with("PYO3_PYTHON", &python.executable)
        .with("PYO3_BUILD_EXTENSION_MODULE", "1");
    assert_tested_and_shipped(&krate).await;
}

#[pyo3_aio::smol::test(timeout = "10m", serial)]
async fn the_stable_abi_finds_its_python_too() {
    let (krate, python) = krate("abi3");
    let environment = krate.folder().join(".venv");
    python.make_environment(&environment);
    let krate = krate.with_feature("abi3-py39").with("LC_ALL", "C");
    let tests = krate.cargo("test").await;
    tests.succeeds();
    let facts = krate.facts().await;
    assert_eq!(facts.get("version"), python.version);
    assert_eq!(facts.get("prefix"), environment.to_str().unwrap());
    assert_eq!(facts.get("in venv only"), "True");
    assert_eq!(facts.get("accented"), "caf\u{e9}");
    let child = format!("{} {}", python.version, environment.display());
    assert_eq!(facts.get("child"), child);
    assert_tested_and_shipped(&krate.with_feature("extension-module")).await;
}

#[pyo3_aio::smol::test(timeout = "10m")]
async fn unit_tests_need_no_rlib() {
    let (krate, _python) = krate("cdylib");
    let manifest = krate.folder().join("Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    fs::write(&manifest, text.replace(", \"rlib\"", "")).unwrap();
    let tests = krate.cargo("test --lib").await;
    tests.succeeds();
    let in_library = "test private::python_gets_the_private_answer ... ok";
    assert_eq!(tests.count(in_library), 1, "{tests:#?}");
}

/// pyo3 is there as a dependency of this library only.
#[pyo3_aio::smol::test(timeout = "10m")]
async fn a_crate_need_not_depend_on_pyo3() {
    let (krate, _python) = krate("without_pyo3");
    let manifest = fs::read_to_string(krate.folder().join("Cargo.toml")).unwrap();
    let without = manifest
        .lines()
        .filter(|line| !line.contains("pyo3 =") && !line.contains("pyo3/"));
    let without: Vec<&str> = without.collect();
    fs::write(krate.folder().join("Cargo.toml"), without.join("\n") + "\n").unwrap();
    fs::write(krate.folder().join("src/lib.rs"), "//! Nothing.\n").unwrap();
    fs::remove_dir_all(krate.folder().join("examples")).unwrap();
    let test = "#[pyo3_aio::tokio::test]\nasync fn runs() {}\n\npyo3_aio::testing::main!();\n";
    fs::write(krate.folder().join("pytests/facts.rs"), test).unwrap();
    let tests = krate.cargo("test --test facts").await;
    tests.succeeds();
    assert_eq!(tests.count("test runs ... ok"), 1, "{tests:#?}");
}
