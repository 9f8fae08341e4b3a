//! Build script: repeats pyo3's version cfgs for this crate and, with feature `testing`, makes
//! libpython linkable and loadable without any environment variable.
//!
//! cargo puts every native search path that lies inside the target folder on the loader's path of
//! the programs that it starts. A folder of symbolic links in `OUT_DIR` is such a path, which an
//! rpath (it does not reach dependents) or a path outside of the target folder is not.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The newest `Py_3_x` cfg that sources may ask for.
const NEWEST_MINOR: u8 = 16;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
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
        print_baked_values(&python);
        if Build::of_cargo().can_embed(&python) {
            prepare_embedding(&python);
        }
    }
}

/// The part that matters here of what pyo3's own build script found out.
#[derive(Default)]
struct Python {
    implementation: String,
    /// The minor version whose C API is used: with abi3 the lowest one that is supported.
    api_minor: u8,
    limited_api: bool,
    free_threaded: bool,
    shared: bool,
    lib_name: Option<String>,
    lib_dir: Option<PathBuf>,
    executable: Option<String>,
    /// The user's configuration file forbids link lines.
    suppress_link_lines: bool,
}

impl Python {
    /// Reads what pyo3-ffi hands to its direct dependents.
    fn from_pyo3() -> Option<Self> {
        let value = ["DEP_PYTHON_PYO3_CONFIG", "DEP_PYO3_PYTHON_PYO3_CONFIG"]
            .iter()
            .find_map(|name| env::var(name).ok())?;
        Some(Self::parse(&decode_hex(&value)?))
    }

    /// Reads a configuration, in the form of every supported pyo3.
    fn parse(configuration: &str) -> Self {
        let mut python = Self {
            shared: true,
            ..Self::default()
        };
        for line in configuration.lines() {
            if let Some((key, value)) = line.split_once('=') {
                python.set(key, value.trim());
            }
        }
        python
    }

    fn set(&mut self, key: &str, value: &str) {
        match key {
            "implementation" => self.implementation = value.to_owned(),
            // `target_abi` stands after `version` and has the last word.
            "version" => self.api_minor = minor_version(value),
            // pyo3 0.27 and 0.28.
            "abi3" => self.limited_api = value == "true",
            "build_flags" if value.split(',').any(|flag| flag == "Py_GIL_DISABLED") => {
                self.free_threaded = true;
                self.limited_api = false;
            }
            // pyo3 0.29 and later.
            "target_abi" => self.set_target_abi(value),
            "shared" => self.shared = value == "true",
            "lib_name" => self.lib_name = Some(value.to_owned()),
            "lib_dir" => self.lib_dir = Some(PathBuf::from(value)),
            "executable" => self.executable = Some(value.to_owned()),
            "suppress_build_script_link_lines" => self.suppress_link_lines = value == "true",
            _ => {}
        }
    }

    /// Takes `CPython-gil_enabled-3.13`, with `-debug` after it for a debug build.
    fn set_target_abi(&mut self, value: &str) {
        let mut parts = value.splitn(3, '-').skip(1);
        let kind = parts.next().unwrap_or_default();
        self.limited_api = matches!(kind, "abi3" | "abi3t");
        self.free_threaded = matches!(kind, "abi3t" | "free_threaded");
        self.api_minor = minor_version(parts.next().unwrap_or_default());
    }

    fn cfgs(&self) -> Vec<String> {
        let versions = (9..=self.api_minor).map(|minor| format!("Py_3_{minor}"));
        let others = [
            (self.limited_api, "Py_LIMITED_API"),
            (self.free_threaded, "Py_GIL_DISABLED"),
            (self.implementation == "PyPy", "PyPy"),
            (self.implementation == "GraalVM", "GraalPy"),
        ];
        let others = others.iter().filter(|(is_set, _)| *is_set);
        versions
            .chain(others.map(|(_, cfg)| (*cfg).to_owned()))
            .collect()
    }

    fn minor_of_library(&self) -> Option<&str> {
        self.lib_name.as_deref()?.strip_prefix("python3.")
    }
}

fn minor_version(version: &str) -> u8 {
    let minor = version.split(['.', '-']).nth(1);
    minor.and_then(|minor| minor.parse().ok()).unwrap_or(9)
}

fn decode_hex(text: &str) -> Option<String> {
    let bytes: Option<Vec<u8>> = (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
        .collect();
    String::from_utf8(bytes?).ok()
}

fn print_expected_cfgs() {
    for minor in 9..=NEWEST_MINOR {
        println!("cargo::rustc-check-cfg=cfg(Py_3_{minor})");
    }
    for cfg in ["Py_LIMITED_API", "Py_GIL_DISABLED", "PyPy", "GraalPy"] {
        println!("cargo::rustc-check-cfg=cfg({cfg})");
    }
}

/// Passes on what the harness compares at run time with the Python that it finds itself in.
fn print_baked_values(python: &Python) {
    let lib_dir = python.lib_dir.as_deref().and_then(Path::to_str);
    for (name, value) in [
        ("PYO3_AIO_PYTHON_EXECUTABLE", python.executable.as_deref()),
        ("PYO3_AIO_PYTHON_LIB_DIR", lib_dir),
        ("PYO3_AIO_PYTHON_MINOR", python.minor_of_library()),
    ] {
        println!("cargo::rustc-env={name}={}", value.unwrap_or_default());
    }
}

/// For what, and where, cargo builds.
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

    /// Whether there is a libpython of this machine's own to link with.
    ///
    /// Elsewhere (docs.rs, another target, Windows with its import libraries, other
    /// implementations) pyo3's own link lines are all that is known.
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
        match link_libraries(python, lib_dir, &folder) {
            Ok(true) => println!("cargo::rustc-link-search=native={}", folder.display()),
            Ok(false) => report_missing_library(python, lib_dir),
            Err(error) => println!("cargo::warning=cannot fill {}: {error}", folder.display()),
        }
        warn_about_build_dir();
    }
    if let (Some(name), false) = (&python.lib_name, python.suppress_link_lines) {
        // With pyo3's `extension-module` this line is the only one that names libpython.
        println!("cargo::rustc-link-lib=dylib={name}");
    }
}

/// Fills `folder` with links to the shared libraries of `lib_dir`; false if the one wanted is not among them.
fn link_libraries(python: &Python, lib_dir: &Path, folder: &Path) -> io::Result<bool> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(folder)?,
    }
    for entry in fs::read_dir(lib_dir)? {
        let name = entry?.file_name();
        if name.to_str().is_some_and(is_shared_libpython) {
            symlink(&lib_dir.join(&name), &folder.join(&name))?;
        }
    }
    add_unversioned_name(python, folder)
}

fn is_shared_libpython(name: &str) -> bool {
    name.starts_with("libpython3") && (name.contains(".so") || name.ends_with(".dylib"))
}

/// Makes the name that `-l` looks for, which distributions ship in a package of headers only.
fn add_unversioned_name(python: &Python, folder: &Path) -> io::Result<bool> {
    let Some(name) = &python.lib_name else {
        return Ok(true);
    };
    let plain = folder.join(format!("lib{name}.so"));
    if plain.exists() || folder.join(format!("lib{name}.dylib")).exists() {
        return Ok(true);
    }
    let versioned = format!("lib{name}.so.");
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&versioned) {
            symlink(&entry.path().canonicalize()?, &plain)?;
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(unix)]
fn symlink(original: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(original, link)?;
    println!("cargo::rerun-if-changed={}", original.display());
    Ok(())
}

#[cfg(not(unix))]
fn symlink(_original: &Path, _link: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
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

/// Says why the loader will not find libpython when intermediate files lie outside of the target folder.
///
/// cargo drops search paths that are not below the target folder, whose name a build script is
/// not told. What it can see is that `build.build-dir` is set and that no folder called `target` is above.
fn warn_about_build_dir() {
    println!("cargo::rerun-if-env-changed=CARGO_BUILD_BUILD_DIR");
    let out_dir = out_dir();
    let inside = env::var_os("CARGO_TARGET_DIR").map_or_else(
        || {
            out_dir
                .components()
                .any(|part| part.as_os_str() == "target")
        },
        |target| out_dir.starts_with(target),
    );
    if !inside && is_build_dir_configured() {
        println!(
            "cargo::warning=`build.build-dir` lies outside of the target folder: cargo will not let tests find \
             libpython. Unset it, or run the tests with `cargo pyo3-async-test run`"
        );
    }
}

fn is_build_dir_configured() -> bool {
    if env::var_os("CARGO_BUILD_BUILD_DIR").is_some() {
        return true;
    }
    let start = env::var_os("PWD").map(PathBuf::from).unwrap_or_default();
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let folders = start.ancestors().map(|folder| folder.join(".cargo"));
    folders.chain(home).any(|folder| {
        ["config.toml", "config"].iter().any(|name| {
            fs::read_to_string(folder.join(name)).is_ok_and(|text| sets_build_dir(&text))
        })
    })
}

fn sets_build_dir(config: &str) -> bool {
    let mut lines = config.lines().map(str::trim_start);
    lines.any(|line| line.starts_with("build-dir") || line.starts_with("build.build-dir"))
}

fn feature(name: &str) -> bool {
    env::var_os(format!("CARGO_FEATURE_{name}")).is_some()
}

fn out_dir() -> PathBuf {
    PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts"))
}

/// Run by `pytests/test_build_script.rs`.
#[cfg(test)]
mod tests {
    use super::*;

    fn cfgs(configuration: &str) -> Vec<String> {
        let mut cfgs = Python::parse(configuration).cfgs();
        cfgs.retain(|cfg| !cfg.starts_with("Py_3_") || cfg == "Py_3_9" || cfg == "Py_3_12");
        cfgs
    }

    #[test]
    fn every_form_of_the_configuration_is_read() {
        let full = "implementation=CPython\nversion=3.12\nshared=true\n";
        assert_eq!(
            cfgs(&format!("{full}abi3=false\nbuild_flags=\n")),
            ["Py_3_9", "Py_3_12"]
        );
        let full = format!("{full}target_abi=CPython-");
        assert_eq!(
            cfgs(&format!("{full}gil_enabled-3.12-debug")),
            ["Py_3_9", "Py_3_12"]
        );
        let free = ["Py_3_9", "Py_3_12", "Py_GIL_DISABLED"];
        assert_eq!(
            cfgs(&format!(
                "{full}free_threaded-3.14\nbuild_flags=Py_GIL_DISABLED"
            )),
            free
        );
        assert_eq!(
            cfgs(&format!("{full}abi3-3.9")),
            ["Py_3_9", "Py_LIMITED_API"]
        );
        let limited = ["Py_3_9", "Py_LIMITED_API"];
        assert_eq!(
            cfgs("implementation=CPython\nversion=3.9\nabi3=true\nbuild_flags=\n"),
            limited
        );
        let flags = "version=3.14\nabi3=true\nbuild_flags=Py_DEBUG,Py_GIL_DISABLED\n";
        assert_eq!(cfgs(flags), free);
        assert_eq!(
            cfgs("implementation=PyPy\nversion=3.11\nabi3=false"),
            ["Py_3_9", "PyPy"]
        );
    }

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

    #[test]
    fn the_configuration_comes_in_hexadecimal_digits() {
        assert_eq!(decode_hex("613d62"), Some("a=b".to_owned()));
        assert_eq!(decode_hex("613"), None);
        assert_eq!(decode_hex("zz"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_library_without_its_development_package_gets_the_name_that_the_linker_wants() {
        let root = env::temp_dir().join(format!("pyo3-aio-build-{}", std::process::id()));
        let (lib_dir, folder) = (root.join("lib"), root.join("out"));
        fs::create_dir_all(&lib_dir).unwrap();
        fs::write(lib_dir.join("libpython3.12.so.1.0"), "").unwrap();
        fs::write(lib_dir.join("libother.so"), "").unwrap();
        let python = |name: &str| Python::parse(&format!("lib_name={name}"));
        assert!(link_libraries(&python("python3.12"), &lib_dir, &folder).unwrap());
        assert!(folder.join("libpython3.12.so").exists());
        assert!(!folder.join("libother.so").exists());
        // Another Python in the same folder leaves nothing of the first.
        assert!(!link_libraries(&python("python3.13"), &lib_dir, &folder).unwrap());
        assert!(!folder.join("libpython3.12.so").exists());
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_build_dir_is_seen_in_either_spelling() {
        assert!(sets_build_dir("[build]\nbuild-dir = \"/tmp/x\""));
        assert!(sets_build_dir("build.build-dir = \"/tmp/x\""));
        assert!(!sets_build_dir("[build]\n# build-dir\ntarget-dir = \"x\""));
    }
}
