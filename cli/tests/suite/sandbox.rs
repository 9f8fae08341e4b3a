//! A copy of a project in a folder of its own, and the subcommand run in it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// The contents of files by name; for a symbolic link its target.
pub(crate) type Tree = BTreeMap<String, String>;

/// A project that may be changed.
#[derive(Debug)]
pub(crate) struct Sandbox {
    root: TempDir,
}

/// The exit code and the output of a run.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A script that prints the answers of a Python that tests can be linked with.
const PYTHON: &str = "#!/bin/sh\nprintf '%s\\n' 3.12.1 /usr/bin/python3 1 libpython3.12.so.1.0 \
                      /usr/lib/libpython3.12.so.1.0\n";

impl Sandbox {
    /// Copies the project, if there is one.
    pub(crate) fn new(project: &Path) -> Self {
        let root = tempfile::tempdir().unwrap();
        let sandbox = Self { root };
        fs::create_dir(sandbox.project()).unwrap();
        if project.is_dir() {
            copy(project, &sandbox.project());
        }
        sandbox.script("python", PYTHON);
        sandbox
    }

    /// The folder of the project.
    pub(crate) fn project(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap().join("project")
    }

    /// Writes an executable script beside the project.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.root.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// The subcommand, in the project, in an environment that is the same everywhere.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-pyo3-async-test"));
        self.prepare(&mut command);
        command
    }

    /// Sets folder and environment.
    pub(crate) fn prepare(&self, command: &mut Command) {
        command.current_dir(self.project()).env_clear();
        for name in [
            "PATH",
            "HOME",
            "CARGO",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
        ] {
            command.envs(env::var_os(name).map(|value| (name, value)));
        }
        command.env("PYO3_PYTHON", self.root.path().join("python"));
        command.env("CARGO_NET_OFFLINE", "true");
        command.env("CARGO_TARGET_DIR", self.root.path().join("target"));
    }

    /// Runs the subcommand with the words of a line.
    pub(crate) fn run(&self, line: &str) -> Output {
        self.output(self.command().args(line.split_whitespace()))
    }

    /// Runs a command, and replaces the names of folders in its output.
    pub(crate) fn output(&self, command: &mut Command) -> Output {
        let output = command.output().unwrap();
        Output {
            code: output.status.code().unwrap_or(-1),
            stdout: self.anonymous(&output.stdout),
            stderr: self.anonymous(&output.stderr),
        }
    }

    fn anonymous(&self, text: &[u8]) -> String {
        let text = String::from_utf8(text.to_vec()).unwrap();
        let root = self.root.path().canonicalize().unwrap();
        let text = text.replace(&self.project().display().to_string(), "[PROJECT]");
        let text = text.replace(&root.display().to_string(), "[ROOT]");
        let text = text.replace(&checkout().display().to_string(), "[CHECKOUT]");
        text.replace(&self.way_to_checkout(), "[CHECKOUT]")
    }

    /// The path that a manifest in the project has to the checkout.
    fn way_to_checkout(&self) -> String {
        let project = self.project();
        let (from, to) = (project.components(), checkout());
        let shared = from
            .clone()
            .zip(to.components())
            .take_while(|(a, b)| a == b)
            .count();
        let up = "../".repeat(from.count() - shared);
        let down: PathBuf = to.components().skip(shared).collect();
        format!("{up}{}", down.display())
    }

    /// Reads the files of the project.
    pub(crate) fn tree(&self) -> Tree {
        let tree = read_tree(&self.project()).into_iter();
        tree.map(|(name, text)| (name, text.replace(&self.way_to_checkout(), "[CHECKOUT]")))
            .collect()
    }
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .canonicalize()
        .unwrap()
}

pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let (from, name) = entry
            .map(|entry| (entry.path(), entry.file_name()))
            .unwrap();
        let to = to.join(name);
        let kind = fs::symlink_metadata(&from).unwrap().file_type();
        if kind.is_symlink() {
            symlink(fs::read_link(&from).unwrap(), &to).unwrap();
        } else if kind.is_dir() {
            fs::create_dir(&to).unwrap();
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

/// Reads all files of a folder; there are none if there is no folder.
pub(crate) fn read_tree(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            let kind = fs::symlink_metadata(&path).unwrap().file_type();
            if kind.is_symlink() {
                tree.insert(
                    name,
                    format!("-> {}", fs::read_link(&path).unwrap().display()),
                );
            } else if kind.is_dir() {
                folders.push(path);
            } else {
                tree.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    tree
}
