//! `cargo pyo3-async-test`: scaffolds, checks and runs tests of asynchronous Python and Rust.

mod apply;
mod cargo;
mod change;
mod checkout;
mod cli;
mod demo;
mod diff;
mod init;
mod manifest;
mod new;
mod plan;
mod project;
mod pymodule;
mod pyproject;
mod python;
mod runtime;
mod shell;
mod source;
mod target_name;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse_from(cli::arguments(std::env::args_os()));
    let shell = shell::Shell::new(&cli.output);
    let result = match &cli.command {
        cli::Command::Init(args) => init::run(args, &cli.cargo, &shell),
        cli::Command::New(args) => new::run(args, &cli.cargo, &shell),
        cli::Command::Demo(args) => demo::run(args, &cli.cargo, &shell),
    };
    result.unwrap_or_else(|error| {
        shell.error(error.as_ref());
        ExitCode::from(101)
    })
}
