//! The Python that pyo3 will build for, and whether tests can be linked with it.
//!
//! pyo3's build script refuses a missing, old or static Python too, but late, and its message names no solution. So the
//! Python is checked before cargo is called.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use crate::environment::cargo_config;

/// A Python that tests can be linked with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Python {
    /// How it was chosen.
    pub(crate) choice: Choice,
    /// Its version.
    pub(crate) version: String,
    /// The path of the interpreter, as it reports it.
    pub(crate) executable: PathBuf,
    /// Its shared library.
    pub(crate) library: PathBuf,
}

/// The interpreter that pyo3 chooses, and the variable that names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Choice {
    /// The command that starts it.
    pub(crate) command: PathBuf,
    /// The variable that names it.
    pub(crate) named_by: &'static str,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (by {})", self.command.display(), self.named_by)
    }
}

/// The reasons for which tests cannot be linked with a Python.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// No Python 3 on `PATH`.
    #[error(
        "no Python 3 on PATH: install Python 3.9 or newer with its shared library \
         (Debian and Ubuntu: `sudo apt install python3 libpython3-dev`; Fedora: \
         `sudo dnf install python3-devel`), or name one in PYO3_PYTHON"
    )]
    NotFound,
    /// It does not run.
    #[error("the Python {choice} does not run: {reason}; set PYO3_PYTHON to one that does")]
    Broken {
        /// The interpreter.
        choice: Choice,
        /// The error.
        reason: String,
    },
    /// Older than pyo3 takes.
    #[error(
        "the Python {choice} is {version}, and pyo3 needs 3.9 or newer: \
         set PYO3_PYTHON to a newer one"
    )]
    Old {
        /// The interpreter.
        choice: Choice,
        /// Its version.
        version: String,
    },
    /// Built without a shared library.
    #[error(
        "the Python {choice} is {version} without a shared library, which tests need: build it \
         with one (`PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install {version}`), or set \
         PYO3_PYTHON to a Python that has it"
    )]
    Static {
        /// The interpreter.
        choice: Choice,
        /// Its version.
        version: String,
    },
    /// The shared library is not installed.
    #[error(
        "the Python {choice} is {version}, and its shared library `{library}` is not installed: \
         install it (Debian and Ubuntu: `sudo apt install libpython{minor}-dev`; Fedora: \
         `sudo dnf install python3-devel`), or set PYO3_PYTHON to a Python that has it"
    )]
    LibraryMissing {
        /// The interpreter.
        choice: Choice,
        /// Its version.
        version: String,
        /// The version without the patch level.
        minor: String,
        /// The file's name.
        library: String,
    },
}

/// Finds the Python that pyo3 will build for, and runs it to check it.
///
/// Returns `None` with `PYO3_CONFIG_FILE` or `PYO3_NO_PYTHON`, as pyo3 runs no interpreter then.
pub(crate) fn check() -> Result<Option<Python>, Error> {
    if cargo_config::variable("PYO3_CONFIG_FILE").is_some()
        || cargo_config::variable("PYO3_NO_PYTHON").is_some()
    {
        return Ok(None);
    }
    let (choice, answer) = match named(cargo_config::variable) {
        Some(choice) => {
            let answer = ask(&choice)?;
            (choice, answer)
        }
        None => on_path().ok_or(Error::NotFound)?,
    };
    check_answer(choice, &answer).map(Some)
}

/// Returns the Python that a variable names; the order of the variables is pyo3's.
fn named(variable: impl Fn(&str) -> Option<OsString>) -> Option<Choice> {
    if let Some(command) = variable("PYO3_PYTHON") {
        return Some(Choice {
            command: command.into(),
            named_by: "PYO3_PYTHON",
        });
    }
    // pyo3 ignores both when both are set.
    let folder = match (variable("VIRTUAL_ENV"), variable("CONDA_PREFIX")) {
        (Some(folder), None) => Some((PathBuf::from(folder), "VIRTUAL_ENV")),
        (None, Some(folder)) => Some((PathBuf::from(folder), "CONDA_PREFIX")),
        _ => None,
    };
    let (folder, named_by) = folder?;
    let interpreter = match (cfg!(windows), named_by) {
        (false, _) => "bin/python",
        (true, "VIRTUAL_ENV") => "Scripts/python.exe",
        (true, _) => "python.exe",
    };
    Some(Choice {
        command: folder.join(interpreter),
        named_by,
    })
}

/// Finds the first Python 3 on `PATH`, and returns the output of [`SCRIPT`] with it.
fn on_path() -> Option<(Choice, String)> {
    let choices = ["python", "python3"].map(|name| Choice {
        command: name.into(),
        named_by: "PATH",
    });
    let mut answers = choices.into_iter().filter_map(|choice| {
        let answer = ask(&choice).ok()?;
        Some((choice, answer))
    });
    answers.find(|(_, answer)| answer.starts_with("3."))
}

/// Prints five lines: the version, the interpreter, whether it is built with a shared library, that library's name, and
/// its path. It needs no `site`, and runs on Python 2 too, so that an old Python is reported as old.
const SCRIPT: &str = r#"
import os, sys, sysconfig
get = lambda name: sysconfig.get_config_var(name) or ""
windows = os.name == "nt"
print("%d.%d.%d" % sys.version_info[:3])
print(sys.executable)
print(int(bool(get("Py_ENABLE_SHARED") or get("PYTHONFRAMEWORK") or windows)))
base = getattr(sys, "base_prefix", sys.prefix)
if windows:
    names, folders = ["python%d%d.dll" % sys.version_info[:2]], [base]
else:
    names = [name for name in (get("INSTSONAME"), get("LDLIBRARY")) if name]
    folders = [get("PYTHONFRAMEWORKPREFIX"), get("LIBDIR"), os.path.join(base, "lib")]
    folders += [os.path.join(folder, get("MULTIARCH")) for folder in folders if folder]
paths = [os.path.join(folder, name) for folder in folders if folder for name in names]
print((names or [""])[0])
print(([path for path in paths if os.path.exists(path)] or [""])[0])
"#;

fn ask(choice: &Choice) -> Result<String, Error> {
    let broken = |reason| Error::Broken {
        choice: choice.clone(),
        reason,
    };
    let output = Command::new(&choice.command)
        .args(["-S", "-c", SCRIPT])
        .output();
    let output = output.map_err(|error| broken(error.to_string()))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let last = text.lines().last().unwrap_or("no output");
        return Err(broken(last.to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Checks the five lines that [`SCRIPT`] prints.
fn check_answer(choice: Choice, answer: &str) -> Result<Python, Error> {
    let lines: Vec<&str> = answer.lines().collect();
    let &[version, executable, is_shared, name, library] = lines.as_slice() else {
        let reason = format!("its output is {answer:?}");
        return Err(Error::Broken { choice, reason });
    };
    let version = version.to_owned();
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    let (major, minor): (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if (major, minor) < (3, 9) {
        return Err(Error::Old { choice, version });
    }
    if is_shared != "1" {
        return Err(Error::Static { choice, version });
    }
    if library.is_empty() {
        let minor = format!("{major}.{minor}");
        let library = name.to_owned();
        return Err(Error::LibraryMissing {
            choice,
            version,
            minor,
            library,
        });
    }
    Ok(Python {
        choice,
        version,
        executable: executable.into(),
        library: library.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Choice, Error, check_answer, named};

    fn chosen(variables: &[(&str, &str)]) -> Option<String> {
        let variable = |name: &str| {
            let known = variables.iter().find(|(known, _)| *known == name);
            known.map(|(_, value)| (*value).into())
        };
        named(variable).map(|choice| choice.to_string())
    }

    #[test]
    fn the_choice_is_pyo3_s() {
        let venv = ("VIRTUAL_ENV", "/v");
        let conda = ("CONDA_PREFIX", "/c");
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            chosen(&[("PYO3_PYTHON", "x"), venv]),
            some("`x` (by PYO3_PYTHON)")
        );
        assert_eq!(chosen(&[venv, conda]), None);
        assert_eq!(chosen(&[]), None);
        #[cfg(unix)]
        assert_eq!(chosen(&[venv]), some("`/v/bin/python` (by VIRTUAL_ENV)"));
        #[cfg(unix)]
        assert_eq!(chosen(&[conda]), some("`/c/bin/python` (by CONDA_PREFIX)"));
    }

    fn judged(answer: &str) -> Result<String, Error> {
        let choice = Choice {
            command: "python".into(),
            named_by: "PATH",
        };
        check_answer(choice, answer).map(|python| python.version)
    }

    #[test]
    fn a_python_with_its_library_is_accepted() {
        assert_eq!(
            judged("3.9.1\n/p\n1\nlibp.so\n/l/libp.so\n"),
            Ok("3.9.1".to_owned())
        );
    }

    #[test]
    fn others_are_refused_with_a_solution() {
        let message = |answer| judged(answer).unwrap_err().to_string();
        assert!(message("2.7.18\n/p\n1\nl\n/l\n").contains("is 2.7.18, and pyo3 needs 3.9"));
        assert!(message("3.8.18\n/p\n1\nl\n/l\n").contains("set PYO3_PYTHON to a newer one"));
        assert!(message("3.12.1\n/p\n0\nl\n\n").contains("--enable-shared pyenv install 3.12.1"));
        assert!(message("3.12.1\n/p\n1\nlibp.so\n\n").contains("apt install libpython3.12-dev"));
        assert!(message("hello\n").contains("its output is \"hello\\n\""));
    }
}
