//! `completions`: completion scripts and man pages, made from the declaration of the command line.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{CommandFactory, ValueEnum};
use clap_complete::Shell as Scripted;
use clap_mangen::Man;

use crate::cli::{Cli, CompletionsArgs};
use crate::shell::Shell;

const PROGRAM: &str = "cargo-pyo3-async-test";

/// A file cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to `{}`: choose another folder with `--dir`", path.display())]
struct WriteError {
    path: PathBuf,
    source: io::Error,
}

/// Runs `completions`.
pub(crate) fn run(args: &CompletionsArgs, shell: &Shell) -> Result<ExitCode, Box<dyn Error>> {
    if let Some(dir) = &args.dir {
        let written = write_all(dir).map_err(|source| WriteError {
            path: dir.clone(),
            source,
        })?;
        for path in written {
            shell.status("Creating", path.display());
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut text = Vec::new();
    match args.shell {
        Some(shell) => clap_complete::generate(shell, &mut Cli::command(), PROGRAM, &mut text),
        None => Man::new(Cli::command()).render(&mut text)?,
    }
    // A closed pipe is no error: its reader has what it asked for.
    let _ = io::stdout().lock().write_all(&text);
    Ok(ExitCode::SUCCESS)
}

/// Writes everything, and returns the files in their order.
fn write_all(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let (scripts, pages) = (dir.join("completions"), dir.join("man"));
    fs::create_dir_all(&scripts)?;
    fs::create_dir_all(&pages)?;
    let mut written = Vec::new();
    for shell in Scripted::value_variants() {
        let script = clap_complete::generate_to(*shell, &mut Cli::command(), PROGRAM, &scripts)?;
        written.push(script);
    }
    clap_mangen::generate_to(Cli::command(), &pages)?;
    let entries = fs::read_dir(&pages)?.map(|entry| Ok(entry?.path()));
    let mut entries = entries.collect::<io::Result<Vec<PathBuf>>>()?;
    entries.retain(|path| path.extension().is_some_and(|end| end == "1"));
    written.extend(entries);
    written.sort();
    Ok(written)
}
