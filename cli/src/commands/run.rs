//! `run`, which is `cargo test` on the test targets, and `runner`, which starts one program. Both add the folder of
//! libpython to the loader's paths.

use std::error::Error;
use std::process::{Command, ExitCode};

use crate::cli::{CargoFlags, RunArgs, RunnerArgs};
use crate::environment::cargo;
use crate::environment::loader;
use crate::environment::python;
use crate::project::Project;
use crate::project::test_targets::{self, Kind, State};
use crate::shell::Shell;

/// The reasons for which no test starts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RunError {
    /// The packages have no test target.
    #[error("there is no test target to run: add one with `cargo pyo3-async-test init`")]
    NoTargets,
    /// The operating system does not start the program.
    #[error("cannot run `{program}`")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
}

/// Runs `run`. The exit code is cargo's.
pub(crate) fn run(
    args: &RunArgs,
    flags: &CargoFlags,
    shell: &Shell,
) -> Result<ExitCode, Box<dyn Error>> {
    let python = python::check()?;
    let projects = Project::inspect_all(&args.selection, flags)?;
    let mut command = cargo::in_own_environment();
    command.arg("test");
    let selected = select(&projects, args, shell);
    if selected.is_empty() {
        return Err(RunError::NoTargets.into());
    }
    command.args(selected);
    // Cargo does not find a manifest that only pyproject.toml names.
    let found = projects.first().and_then(Project::manifest_elsewhere);
    if let Some(path) = args.selection.manifest_path.as_deref().or(found) {
        command.arg("--manifest-path").arg(path);
    }
    command.args(flags.to_args()).args(cargo_args(args, shell));
    prepare(&mut command, python.as_ref());
    if let Some(project) = projects.first() {
        announce_first_build(project, args.release, shell);
    }
    let status = command
        .status()
        .map_err(|source| start_error("cargo", source))?;
    Ok(cargo::exit_code(status))
}

/// Announces a build that takes minutes. Cargo shows its progress: a bar on a terminal, else a line for each crate.
pub(crate) fn announce_first_build(project: &Project, is_release: bool, shell: &Shell) {
    let profile = if is_release { "release" } else { "debug" };
    if !project.build_directory.join(profile).exists() {
        let message = "the tests for the first time, which can take some minutes";
        shell.status("Building", message);
    }
}

/// Returns the arguments that select the targets and their packages.
fn select(projects: &[Project], args: &RunArgs, shell: &Shell) -> Vec<String> {
    let has_features = args.features.all_features || !args.features.features.is_empty();
    let mut words = Vec::new();
    for project in projects {
        let mut names = Vec::new();
        for target in test_targets::all(project) {
            match target.state {
                State::NotRegistered | State::NoMain => {}
                State::Skipped(features) if !has_features => {
                    let (name, features) = (target.name, features.join(","));
                    shell.warn(format_args!(
                        "`{name}` is left out: it needs `--features {features}`"
                    ));
                }
                _ if target.kind == Kind::Library => names.push("--lib".to_owned()),
                _ => names.extend(["--test".to_owned(), target.name]),
            }
        }
        if !names.is_empty() {
            words.extend(["--package".to_owned(), project.name.clone()]);
            words.extend(names);
        }
    }
    words
}

/// Returns the arguments that are passed on to cargo, in cargo's order.
fn cargo_args(args: &RunArgs, shell: &Shell) -> Vec<String> {
    let features = &args.features;
    let mut words = Vec::new();
    for (is_given, flag) in [
        (features.all_features, "--all-features"),
        (features.no_default_features, "--no-default-features"),
        (args.release, "--release"),
        (args.no_fail_fast, "--no-fail-fast"),
        (shell.is_quiet(), "--quiet"),
        (shell.is_verbose(), "--verbose"),
    ] {
        words.extend(is_given.then(|| flag.to_owned()));
    }
    for feature in &features.features {
        words.extend(["--features".to_owned(), feature.clone()]);
    }
    words.extend(args.filter.clone());
    if !args.args.is_empty() {
        words.push("--".to_owned());
        words.extend(args.args.iter().cloned());
    }
    words
}

/// Runs `runner`. On Unix the program replaces this process.
///
/// Cargo uses a runner for every program that it starts, so a program is started even if no Python is found.
pub(crate) fn runner(args: &RunnerArgs) -> Result<ExitCode, Box<dyn Error>> {
    let program = args.command.first().cloned().unwrap_or_default();
    let mut command = Command::new(&program);
    command.args(args.command.iter().skip(1));
    prepare(&mut command, python::check().ok().flatten().as_ref());
    become_program(command).map_err(|source| {
        let program = program.to_string_lossy().into_owned();
        RunError::Start { program, source }.into()
    })
}

#[cfg(unix)]
fn become_program(mut command: Command) -> std::io::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn become_program(mut command: Command) -> std::io::Result<ExitCode> {
    command.status().map(cargo::exit_code)
}

fn prepare(command: &mut Command, python: Option<&python::Python>) {
    if let Some(python) = python {
        loader::add_folder_of(command, &python.library);
    }
}

fn start_error(program: &str, source: std::io::Error) -> RunError {
    RunError::Start {
        program: program.to_owned(),
        source,
    }
}
