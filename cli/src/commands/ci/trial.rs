//! `ci --try`: takes the workflow's steps on this machine. Cargo and cargo-nextest show their own progress.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use crate::cli::CargoFlags;
use crate::environment::python::{self, Python};
use crate::environment::{cargo, loader};
use crate::plan::ci::Settings;
use crate::shell::Shell;

/// The reasons for which a trial cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TrialError {
    /// cargo-nextest is missing.
    #[error(
        "cargo-nextest is not installed: `cargo install cargo-nextest --locked`, then run this again"
    )]
    NoNextest,
    /// No Python to run the tests with.
    #[error(transparent)]
    Python(#[from] python::Error),
    /// A program does not start, or a file cannot be written or removed.
    #[error("cannot try the workflow in `{}`", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Builds an archive of the tests, unpacks it in a temporary folder and runs its parts, one after the other.
pub(super) fn run(
    workspace: &Path,
    settings: &Settings,
    flags: &CargoFlags,
    shell: &Shell,
) -> Result<ExitCode, TrialError> {
    let python = python::check()?;
    let trial = Trial {
        workspace,
        settings,
        flags,
        shell,
        python,
    };
    if !trial.has_nextest() {
        return Err(TrialError::NoNextest);
    }
    let status = match settings.shards {
        1 => trial.run_all(),
        _ => trial.run_parts(),
    };
    let status = status.map_err(|source| TrialError::Io {
        path: workspace.to_owned(),
        source,
    })?;
    if status.success() {
        shell.status("Finished", "the workflow's steps, on this machine");
    }
    Ok(cargo::exit_code(status))
}

struct Trial<'a> {
    workspace: &'a Path,
    settings: &'a Settings,
    flags: &'a CargoFlags,
    shell: &'a Shell,
    python: Option<Python>,
}

impl Trial<'_> {
    fn has_nextest(&self) -> bool {
        let status = self
            .nextest("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.is_ok_and(|status| status.success())
    }

    fn nextest(&self, word: &str) -> Command {
        let mut command = cargo::in_own_environment();
        command.args(["nextest", word]).current_dir(self.workspace);
        command
    }

    /// Returns a command that builds the tests.
    fn build(&self, word: &str) -> Command {
        let mut command = self.nextest(word);
        command.arg("--workspace").args(self.flags.to_args());
        for feature in &self.settings.features {
            command.args(["--features", feature]);
        }
        command
    }

    fn run_all(&self) -> io::Result<ExitStatus> {
        self.shell
            .status("Building", "the tests, then running them");
        self.build("run").args(["--profile", "ci"]).status()
    }

    fn run_parts(&self) -> io::Result<ExitStatus> {
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("tests.tar.zst");
        self.shell.status("Building", "an archive of the tests");
        let mut build = self.build("archive");
        let built = build.arg("--archive-file").arg(&archive).status()?;
        if !built.success() {
            return Ok(built);
        }
        self.shell.status(
            "Unpacking",
            format_args!("it in {}", folder.path().display()),
        );
        let mut unpack = self.nextest("list");
        unpack
            .args(["--list-type", "binaries-only", "--archive-file"])
            .arg(&archive)
            .arg("--extract-to")
            .arg(folder.path())
            .stdout(Stdio::null());
        let unpacked = unpack.status()?;
        if !unpacked.success() {
            return Ok(unpacked);
        }
        let target = folder.path().join("target");
        remove_libpython(&target)?;
        let shards = self.settings.shards;
        let mut failed = None;
        for shard in 1..=shards {
            self.shell
                .status("Running", format_args!("part {shard} of {shards}"));
            let status = self.run_part(&target, shard)?;
            failed = failed.or((!status.success()).then_some(status));
        }
        Ok(failed.unwrap_or(unpacked))
    }

    fn run_part(&self, target: &Path, shard: u16) -> io::Result<ExitStatus> {
        let metadata = target.join("nextest");
        let mut command = self.nextest("run");
        command
            .args(["--profile", "ci", "--no-tests", "pass", "--partition"])
            .arg(format!("slice:{shard}/{}", self.settings.shards))
            .arg("--binaries-metadata")
            .arg(metadata.join("binaries-metadata.json"))
            .arg("--cargo-metadata")
            .arg(metadata.join("cargo-metadata.json"))
            .arg("--target-dir-remap")
            .arg(target)
            .arg("--workspace-remap")
            .arg(self.workspace);
        if let Some(python) = &self.python {
            command.env("PYO3_ASYNC_TEST_PYTHON", &python.executable);
            loader::add_folder_of(&mut command, &python.library);
        }
        command.status()
    }
}

/// Removes the copies of libpython, as the workflow does: the tests load this machine's.
fn remove_libpython(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.ends_with("out/libpython") {
            fs::remove_dir_all(&path)?;
        } else if fs::symlink_metadata(&path)?.is_dir() {
            remove_libpython(&path)?;
        }
    }
    Ok(())
}
