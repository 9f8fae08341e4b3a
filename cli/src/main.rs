//! `cargo pyo3-async-test`: scaffolds, checks and runs tests of asynchronous Python and Rust.

mod apply;
mod cli;
mod commands;
mod environment;
mod plan;
mod project;
mod runtime;
mod shell;

use std::process::ExitCode;

use clap::Parser;

use commands::{ci, completions, demo, doctor, init, list, new, run};

fn main() -> ExitCode {
    let cli = cli::Cli::parse_from(cli::arguments(std::env::args_os()));
    let shell = shell::Shell::new(&cli.output);
    let result = match &cli.command {
        cli::Command::Init(args) => init::run(args, &cli.cargo, &shell),
        cli::Command::New(args) => new::run(args, &cli.cargo, &shell),
        cli::Command::List(args) => list::run(args, &cli.cargo, &shell),
        cli::Command::Doctor(args) => doctor::run(args, &cli.cargo, &shell),
        cli::Command::Run(args) => run::run(args, &cli.cargo, &shell),
        cli::Command::Ci(args) => ci::run(args, &cli.cargo, &shell),
        cli::Command::Runner(args) => run::runner(args),
        cli::Command::Completions(args) => completions::run(args, &shell),
        cli::Command::Demo(args) => demo::run(args, &cli.cargo, &shell),
    };
    result.unwrap_or_else(|error| {
        shell.error(error.as_ref());
        ExitCode::from(101)
    })
}
