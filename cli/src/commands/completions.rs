//! `completions`: prints a completion script for a shell.

use std::io::Write;
use std::process::ExitCode;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;

/// Prints the script.
pub(crate) fn run(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut Cli::command(),
        "cargo-pyo3-async-test",
        &mut script,
    );
    // A closed pipe is no error: its reader has what it asked for.
    let _ = std::io::stdout().lock().write_all(&script);
    ExitCode::SUCCESS
}
