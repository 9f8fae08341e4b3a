//! `cargo pyo3-async-test`: scaffolds, checks and runs tests of asynchronous Python and Rust.

mod apply;
mod cargo;
mod change;
mod checkout;
mod cli;
mod completions;
mod config;
mod demo;
mod diff;
mod doctor;
mod init;
mod list;
mod loader;
mod manifest;
mod new;
mod nextest;
mod plan;
mod project;
mod pymodule;
mod pyproject;
mod python;
mod run;
mod runtime;
mod shell;
mod source;
mod target_name;
mod targets;
mod unit_tests;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse_from(cli::arguments(std::env::args_os()));
    let shell = shell::Shell::new(&cli.output);
    let result = match &cli.command {
        cli::Command::Init(args) => init::run(args, &cli.cargo, &shell),
        cli::Command::New(args) => new::run(args, &cli.cargo, &shell),
        cli::Command::List(args) => list::run(args, &cli.cargo, &shell),
        cli::Command::Doctor(args) => doctor::run(args, &cli.cargo, &shell),
        cli::Command::Run(args) => run::run(args, &cli.cargo, &shell),
        cli::Command::Runner(args) => run::runner(args),
        cli::Command::Completions { shell } => Ok(completions::run(*shell)),
        cli::Command::Demo(args) => demo::run(args, &cli.cargo, &shell),
    };
    result.unwrap_or_else(|error| {
        shell.error(error.as_ref());
        ExitCode::from(101)
    })
}
