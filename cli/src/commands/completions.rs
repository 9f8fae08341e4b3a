//! `completions`: a script for a shell.

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
    // A reader that has gone away has seen enough.
    let _ = std::io::stdout().lock().write_all(&script);
    ExitCode::SUCCESS
}
