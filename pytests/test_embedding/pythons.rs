//! The Pythons of this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pyo3::prelude::*;

/// An interpreter that is no virtual environment's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Interpreter {
    pub(crate) executable: PathBuf,
    /// As in `3.11.7`.
    pub(crate) version: String,
    pub(crate) prefix: PathBuf,
}

/// Prints the version, the prefix and whether there is a shared library.
const ASK: &str = "import sys, sysconfig; print(sys.version.split()[0], sys.base_prefix, \
                   sysconfig.get_config_var('Py_ENABLE_SHARED'))";

impl Interpreter {
    /// The one that these tests run under.
    pub(crate) fn own() -> Self {
        let (prefix, minor) = Python::attach(|py| {
            let prefix: PathBuf = py.import("sys")?.getattr("base_prefix")?.extract()?;
            PyResult::Ok((prefix, py.version_info().minor))
        })
        .unwrap();
        let executable = prefix.join(format!("bin/python3.{minor}"));
        Self::ask(&executable).expect("the Python of these tests can be asked")
    }

    /// Another one, with another minor version if there is one.
    pub(crate) fn another() -> Option<Self> {
        let own = Self::own();
        let others = candidates().into_iter();
        let mut others: Vec<_> = others
            .filter_map(|path| Self::ask(&path))
            .filter(|other| other.prefix != own.prefix)
            .collect();
        others.sort_by_key(|other| other.minor() == own.minor());
        others.into_iter().next()
    }

    fn ask(executable: &Path) -> Option<Self> {
        let output = Command::new(executable).args(["-c", ASK]).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let [version, prefix, shared] = text.split_whitespace().collect::<Vec<_>>()[..] else {
            return None;
        };
        let interpreter = Self {
            executable: executable.to_owned(),
            version: version.to_owned(),
            prefix: prefix.into(),
        };
        let is_supported = interpreter.minor()? >= 9 && version.starts_with("3.");
        (is_supported && shared == "1").then_some(interpreter)
    }

    fn minor(&self) -> Option<u8> {
        self.version.split('.').nth(1)?.parse().ok()
    }

    /// Makes a virtual environment with a module that is nowhere else.
    pub(crate) fn make_environment(&self, folder: &Path) {
        if folder.exists() {
            fs::remove_dir_all(folder).unwrap();
        }
        let mut command = Command::new(&self.executable);
        command.args(["-m", "venv", "--without-pip"]).arg(folder);
        assert!(command.status().unwrap().success());
        let minor = self.minor().unwrap();
        let packages = folder.join(format!("lib/python3.{minor}/site-packages"));
        fs::write(packages.join("in_venv_only.py"), "").unwrap();
    }
}

/// The folders of Python versions that are kept beside each other, and the system's.
fn candidates() -> Vec<PathBuf> {
    let home = || env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv"));
    let pyenv = env::var_os("PYENV_ROOT").map(PathBuf::from).or_else(home);
    let versions = fs::read_dir(pyenv.unwrap_or_default().join("versions"));
    let versions = versions.into_iter().flatten().flatten();
    let mut paths: Vec<_> = versions
        .map(|version| version.path().join("bin/python3"))
        .collect();
    paths.sort();
    paths.reverse();
    paths.push("/usr/bin/python3".into());
    paths.retain(|path| path.exists());
    paths
}
