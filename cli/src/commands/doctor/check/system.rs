//! Checks of the machine: Python, libpython, the virtual environment.

use super::{Finding, Level};
use crate::commands::doctor::inspection::{LibpythonLookup, Machine, Venv};
use crate::environment::python::Python;

/// Checks the Python that pyo3 builds for.
pub(super) fn python(machine: &Machine) -> Finding {
    check_python(machine).with_sources("PYO3_CONFIG_FILE, PYO3_NO_PYTHON, PYO3_PYTHON, VIRTUAL_ENV and CONDA_PREFIX, also in `[env]` of .cargo/config.toml; then PATH")
}

fn check_python(machine: &Machine) -> Finding {
    match &machine.python {
        Ok(Some(python)) => {
            let (version, executable) = (&python.version, python.executable.display());
            Finding::ok(
                "python",
                format!("{version} at {executable} (by {})", python.choice.named_by),
            )
        }
        Ok(None) => Finding::ok(
            "python",
            "pyo3 is configured by PYO3_CONFIG_FILE or PYO3_NO_PYTHON",
        ),
        Err(error) => {
            let text = error.to_string();
            let (message, help) = text.split_once(": ").unwrap_or((&text, "set PYO3_PYTHON"));
            Finding::new("python", Level::Error, message, help)
        }
    }
}

/// Checks that the loader finds the libpython that pyo3 links.
pub(super) fn libpython(machine: &Machine) -> Finding {
    check_libpython(machine).with_sources(match &machine.libpython {
        Some(loaded) => format!("`ldd {}`", loaded.program.display()),
        None => format!("test programs in {}", machine.build_directory.display()),
    })
}

fn check_libpython(machine: &Machine) -> Finding {
    let Ok(Some(python)) = &machine.python else {
        return Finding::ok("libpython", "not looked for without a Python");
    };
    let library = python
        .library
        .canonicalize()
        .unwrap_or_else(|_| python.library.clone());
    match &machine.libpython {
        None => {
            let message = format!("{} (no test is built yet)", library.display());
            Finding::ok("libpython", message)
        }
        Some(loaded) if loaded.by_cargo.as_deref() == Some(library.as_path()) => {
            alone(loaded, python, &library)
        }
        Some(loaded) => {
            let found = loaded
                .by_cargo
                .as_ref()
                .map(|path| path.display().to_string());
            let found = found.as_deref().unwrap_or("nothing");
            let message = format!(
                "for {} the loader finds {found}, and pyo3 would link {}",
                loaded.program.display(),
                library.display()
            );
            let help = "build again with `cargo test --no-run`, or start tests with \
                        `cargo pyo3-async-test run`";
            Finding::new("libpython", Level::Warning, message, help)
        }
    }
}

/// Checks a test program that is started without cargo, as by a debugger.
fn alone(loaded: &LibpythonLookup, python: &Python, library: &std::path::Path) -> Finding {
    let shown = library.display();
    match &loaded.alone {
        Some(path) if path == library => Finding::ok("libpython", shown.to_string()),
        other => {
            let found = other.as_ref().map(|path| path.display().to_string());
            let found = found.as_deref().unwrap_or("nothing");
            let folder = python.library.parent().unwrap_or(library).display();
            let message = format!("{shown} under cargo; outside of it the loader finds {found}");
            let help = format!("for a debugger set LD_LIBRARY_PATH={folder}");
            Finding::new("libpython", Level::Note, message, help)
        }
    }
}

/// Checks that cargo builds in the target folder: it adds no other folders to the loader's paths.
pub(super) fn build_directory(machine: &Machine) -> Finding {
    check_build_directory(machine).with_sources(format!(
        "`cargo metadata`: {}, {}",
        machine.build_directory.display(),
        machine.target_directory.display()
    ))
}

fn check_build_directory(machine: &Machine) -> Finding {
    let (build, target) = (&machine.build_directory, &machine.target_directory);
    if build.starts_with(target) {
        return Finding::ok("build-dir", "inside of the target folder");
    }
    let message = format!(
        "`build.build-dir` is {}, outside of the target folder, which cargo does not \
         add to the paths where tests look for libpython",
        build.display()
    );
    let help = "start tests with `cargo pyo3-async-test run`, or set `runner = \
                \"cargo-pyo3-async-test runner\"` for the target in .cargo/config.toml";
    Finding::new("build-dir", Level::Warning, message, help)
}

/// Checks that the virtual environment has the version of Python that the tests are linked with.
pub(super) fn venv(machine: &Machine) -> Finding {
    check_venv(machine)
        .with_sources("VIRTUAL_ENV, CONDA_PREFIX, and .venv in the package's folder or above")
}

fn check_venv(machine: &Machine) -> Finding {
    let Some(venv) = &machine.venv else {
        return Finding::ok("venv", "none");
    };
    let Venv {
        folder,
        found_by,
        version,
    } = venv;
    let shown = format!("{} (by {found_by})", folder.display());
    let Ok(Some(python)) = &machine.python else {
        return Finding::ok("venv", shown);
    };
    match version {
        Some(version) if minor(version) != minor(&python.version) => {
            let built = &python.version;
            let message = format!("{shown} is for {version}, and pyo3 builds for {built}");
            let help = format!("set PYO3_PYTHON={}", folder.join("bin/python").display());
            Finding::new("venv", Level::Warning, message, help)
        }
        _ => Finding::ok("venv", shown),
    }
}

fn minor(version: &str) -> Option<(&str, &str)> {
    let mut numbers = version.split('.');
    Some((numbers.next()?, numbers.next()?))
}

/// Shows whether cargo-nextest is installed.
pub(super) fn nextest(machine: &Machine) -> Finding {
    check_nextest(machine).with_sources("`cargo nextest --version`")
}

fn check_nextest(machine: &Machine) -> Finding {
    match &machine.nextest {
        Some(version) => Finding::ok("nextest", version.as_str()),
        None => Finding::ok("nextest", "not installed, and not needed"),
    }
}

/// Shows whether uvloop is installed, which tests may ask for.
pub(super) fn uvloop(machine: &Machine) -> Finding {
    check_uvloop(machine).with_sources(match &machine.interpreter {
        Some(python) => format!("`{} -c 'import uvloop'`", python.display()),
        None => "no Python to ask".to_owned(),
    })
}

fn check_uvloop(machine: &Machine) -> Finding {
    match machine.has_uvloop {
        true => Finding::ok("uvloop", "installed"),
        false => Finding::ok(
            "uvloop",
            "not installed, and needed by `loop = \"uvloop\"` only",
        ),
    }
}
