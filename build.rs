//! Sets pyo3's version cfgs (`Py_3_x`, `Py_LIMITED_API`, ...) for this crate and, with feature `testing`, lets test binaries
//! find libpython without any environment variable.
//!
//! cargo puts every native search path inside the target folder on the loader's path (`LD_LIBRARY_PATH`,
//! `DYLD_FALLBACK_LIBRARY_PATH`) of the programs that it starts. This script makes such a path: a folder of symbolic links
//! to libpython in `OUT_DIR`. An rpath would not do, because a library cannot set it for the crates that depend on it.

#[path = "build_script/build_dir.rs"]
mod build_dir;
#[path = "build_script/links.rs"]
mod links;
#[path = "build_script/python.rs"]
mod python;

use std::env;
use std::path::{Path, PathBuf};

use python::Python;

/// The newest `x` of the `Py_3_x` cfgs that the sources may name.
const NEWEST_MINOR: u8 = 16;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build_script");
    print_expected_cfgs();
    let Some(python) = Python::from_pyo3() else {
        println!(
            "cargo::error=pyo3-ffi has not passed on its configuration (DEP_PYTHON_PYO3_CONFIG)"
        );
        return;
    };
    for cfg in python.cfgs() {
        println!("cargo::rustc-cfg={cfg}");
    }
    if feature("TESTING") {
        print_configured_python(&python);
        if Build::of_cargo().can_embed(&python) {
            prepare_embedding(&python);
        }
    }
}

fn print_expected_cfgs() {
    for minor in 9..=NEWEST_MINOR {
        println!("cargo::rustc-check-cfg=cfg(Py_3_{minor})");
    }
    for cfg in ["Py_LIMITED_API", "Py_GIL_DISABLED", "PyPy", "GraalPy"] {
        println!("cargo::rustc-check-cfg=cfg({cfg})");
    }
}

/// Passes on facts of the Python that pyo3 was configured with. The harness compares them at run time with the Python that
/// it has loaded.
fn print_configured_python(python: &Python) {
    let lib_dir = python.lib_dir.as_deref().and_then(Path::to_str);
    for (name, value) in [
        ("PYO3_AIO_PYTHON_EXECUTABLE", python.executable.as_deref()),
        ("PYO3_AIO_PYTHON_LIB_DIR", lib_dir),
        ("PYO3_AIO_PYTHON_MINOR", python.minor_of_library()),
    ] {
        println!("cargo::rustc-env={name}={}", value.unwrap_or_default());
    }
}

/// The target and the host of this build.
struct Build {
    is_unix: bool,
    is_native: bool,
    is_on_docs_rs: bool,
}

impl Build {
    fn of_cargo() -> Self {
        let has = |name| env::var_os(name).is_some();
        Self {
            is_unix: has("CARGO_CFG_UNIX"),
            is_native: env::var_os("HOST") == env::var_os("TARGET"),
            is_on_docs_rs: has("DOCS_RS"),
        }
    }

    /// Whether this machine has the libpython that the tests will load.
    ///
    /// In other builds (docs.rs, cross-compilation, Windows with its import libraries, PyPy and GraalPy) pyo3's own link
    /// lines have to do.
    fn can_embed(&self, python: &Python) -> bool {
        let is_here = self.is_unix && self.is_native && !self.is_on_docs_rs;
        is_here && python.implementation == "CPython"
    }
}

fn prepare_embedding(python: &Python) {
    if !python.shared {
        report_static_python(python);
        return;
    }
    let folder = out_dir().join("libpython");
    if let Some(lib_dir) = &python.lib_dir {
        match links::link_libraries(python, lib_dir, &folder) {
            Ok(true) => println!("cargo::rustc-link-search=native={}", folder.display()),
            Ok(false) => report_missing_library(python, lib_dir),
            Err(error) => println!("cargo::warning=cannot fill {}: {error}", folder.display()),
        }
        build_dir::warn();
    }
    if let (Some(name), false) = (&python.lib_name, python.suppress_link_lines) {
        // pyo3 leaves libpython out when its feature `extension-module` is on; tests have to be linked with it all the same.
        println!("cargo::rustc-link-lib=dylib={name}");
    }
}

fn report_static_python(python: &Python) {
    let executable = python
        .executable
        .as_deref()
        .unwrap_or("the configured Python");
    let minor = python.minor_of_library().unwrap_or("13");
    println!(
        "cargo::error={executable} has no shared library, which feature `testing` of pyo3-aio needs to embed it. \
         Point PYO3_PYTHON at a Python that has one, or build it so: \
         `PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install --force 3.{minor}`"
    );
}

fn report_missing_library(python: &Python, lib_dir: &Path) {
    let name = python.lib_name.as_deref().unwrap_or("python3");
    println!(
        "cargo::warning=no shared lib{name} in {}: tests will not link. \
         On Debian and Ubuntu `apt install lib{name}-dev` installs it, on Fedora `dnf install python3-devel`",
        lib_dir.display()
    );
}

fn feature(name: &str) -> bool {
    env::var_os(format!("CARGO_FEATURE_{name}")).is_some()
}

fn out_dir() -> PathBuf {
    PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts"))
}

/// Run by `pytests/test_source.rs`.
#[cfg(test)]
mod tests {
    use super::{Build, Python};

    #[test]
    fn only_cpython_on_this_machine_is_embedded() {
        let build = |is_unix, is_native, is_on_docs_rs| Build {
            is_unix,
            is_native,
            is_on_docs_rs,
        };
        let python = |name: &str| Python::parse(&format!("implementation={name}\nversion=3.12\n"));
        let here = build(true, true, false);
        assert!(here.can_embed(&python("CPython")));
        assert!(!here.can_embed(&python("PyPy")));
        assert!(!here.can_embed(&python("GraalVM")));
        let (windows, cross, docs_rs) = (
            build(false, true, false),
            build(true, false, false),
            build(true, true, true),
        );
        for elsewhere in [windows, cross, docs_rs] {
            assert!(!elsewhere.can_embed(&python("CPython")));
        }
    }
}
