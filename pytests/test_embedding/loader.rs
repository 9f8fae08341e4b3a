//! Programs that are started without cargo, and what the build script says where nothing can be linked.

use std::fs;
use std::path::{Path, PathBuf};

use pyo3::prelude::*;
use smol::process::Command;

use crate::krate::{Krate, Output};
use crate::pythons::Interpreter;

/// The folder of libpython, and its name, which has the version of its interface in it.
fn libpython() -> (PathBuf, String) {
    let ask = |name: &str| {
        Python::attach(|py| {
            let value = py
                .import("sysconfig")?
                .call_method1("get_config_var", (name,))?;
            value.extract::<String>()
        })
        .unwrap()
    };
    (ask("LIBDIR").into(), ask("INSTSONAME"))
}

fn krate(name: &str) -> Krate {
    let python = Interpreter::own();
    Krate::new(name, "own").with("PYO3_PYTHON", &python.executable)
}

/// Starts a program as a debugger does, with no more than the folder of libpython, or not even that.
async fn start(krate: &Krate, program: &Path, libraries: Option<&Path>) -> Output {
    let mut command = Command::new("env");
    let libraries = libraries.map(|folder| format!("LD_LIBRARY_PATH={}", folder.display()));
    command.arg("-i").args(libraries);
    command
        .arg(program)
        .args(["--exact", "facts", "--nocapture", "--test-threads=2"]);
    krate.run(command).await
}

#[pyo3_aio::smol::test(timeout = "10m")]
async fn a_program_that_is_started_by_hand_needs_the_folder_of_libpython_only() {
    let krate = krate("loader");
    let program = krate.facts_program().await;
    let (folder, name) = libpython();
    let output = start(&krate, &program, Some(&folder)).await;
    output.succeeds();
    assert_eq!(output.stderr, "");
    let version = Interpreter::own().version;
    assert_eq!(
        output.count(&format!("version={version}")),
        1,
        "{output:#?}"
    );

    // Another libpython of the same name, which the system may have.
    let other = krate.folder().join("other");
    fs::create_dir_all(&other).unwrap();
    fs::copy(folder.join(&name), other.join(&name)).unwrap();
    let output = start(&krate, &program, Some(&other)).await;
    output.succeeds();
    let linked = folder.canonicalize().unwrap();
    let expected = format!(
        "warning: linked against the libpython in {linked}, running on {}; start the tests with cargo, or set \
         LD_LIBRARY_PATH={linked}\n",
        other.join(&name).display(),
        linked = linked.display(),
    );
    assert_eq!(output.stderr, expected);
}

#[pyo3_aio::smol::test(timeout = "10m")]
async fn a_program_may_have_the_folder_of_libpython_written_in_it() {
    let (folder, _name) = libpython();
    let krate = krate("rpath").with("EMBEDDED_RPATH", folder);
    let program = krate.facts_program().await;
    let output = start(&krate, &program, None).await;
    output.succeeds();
    assert_eq!(output.stderr, "");
}

/// `docs/debuggers.md`
#[pyo3_aio::smol::test(timeout = "10m")]
async fn a_debugger_may_be_cargo_s_runner() {
    const RUNNER: &str = "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER";
    let krate = krate("debugger");
    let words = "test --test facts -- --exact facts --nocapture --test-threads=2";
    let krate = krate.with(RUNNER, "env MADE_BY_RUNNER=1");
    krate.cargo(words).await.succeeds();
    let has_gdb = std::process::Command::new("gdb")
        .arg("--version")
        .output()
        .is_ok();
    if has_gdb {
        let krate = krate.with(RUNNER, "gdb -nx -batch -ex run --args");
        let output = krate.cargo(words).await;
        output.succeeds();
        assert!(
            output.stdout.contains("\ntest facts ... ok\n"),
            "{output:#?}"
        );
        assert!(output.stdout.contains("exited normally]"), "{output:#?}");
    }
}

#[pyo3_aio::smol::test(timeout = "10m")]
async fn a_python_without_a_shared_library_is_one_clear_error() {
    let krate = Krate::new("static", "static");
    let folder = krate.folder().display();
    let configuration = format!(
        "implementation=CPython\nversion=3.11\nshared=false\nlib_name=python3.11\nlib_dir={folder}\n\
         executable=/static/python\npointer_width=64\n"
    );
    let file = krate.folder().join("pyo3.txt");
    fs::write(&file, configuration).unwrap();
    // An archive without members.
    fs::write(krate.folder().join("libpython3.11.a"), "!<arch>\n").unwrap();
    let krate = krate.with("PYO3_CONFIG_FILE", file);
    let output = krate.cargo("test --no-run").await;
    assert_eq!(output.code, Some(101), "{output:#?}");
    let expected = "/static/python has no shared library, which feature `testing` of pyo3-aio needs to embed it. Point \
                    PYO3_PYTHON at a Python that has one, or build it so: `PYTHON_CONFIGURE_OPTS=--enable-shared pyenv \
                    install --force 3.11`";
    assert!(output.stderr.contains(expected), "{output:#?}");
}

/// pyo3 refuses these Pythons when it is built.
#[pyo3_aio::smol::test(timeout = "10m")]
async fn a_python_that_pyo3_does_not_take_is_one_clear_error() {
    let free_threaded = "target_abi=CPython-free_threaded-3.13\nbuild_flags=Py_GIL_DISABLED\n";
    let mut refused = vec![
        (
            "too_new",
            "3.42",
            "",
            "(3.42) is newer than PyO3's maximum supported version",
        ),
        (
            "too_old",
            "3.8",
            "",
            "(3.8) is lower than PyO3's minimum supported version (3.9)",
        ),
    ];
    if !include_str!("../../Cargo.lock").contains("name = \"pyo3\"\nversion = \"0.28.") {
        refused.push((
            "free_threaded",
            "3.13",
            free_threaded,
            "PyO3 does not support the free-threaded build of CPython versions below 3.14",
        ));
    }
    for (name, version, flags, expected) in refused {
        // They share what is built before pyo3's build script runs.
        let krate = Krate::new(name, "static");
        let file = krate.folder().join("pyo3.txt");
        let configuration = format!(
            "implementation=CPython\nversion={version}\nshared=true\nlib_name=python{version}\npointer_width=64\n{flags}"
        );
        fs::write(&file, configuration).unwrap();
        let output = krate.with("PYO3_CONFIG_FILE", file).cargo("check").await;
        assert_eq!(output.code, Some(101), "{output:#?}");
        assert!(output.stderr.contains(expected), "{output:#?}");
    }
}
