//! The command line, declared for clap. The documentation of its types is the help text.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Scaffolds, checks and runs tests of asynchronous Python and Rust.
#[derive(Debug, Parser)]
#[command(
    name = "cargo-pyo3-async-test",
    bin_name = "cargo pyo3-async-test",
    version,
    styles = clap_cargo::style::CLAP_STYLING,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) cargo: CargoFlags,
}

/// Verbosity and colours.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Print no status lines
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Coloring
    #[arg(long, global = true, value_name = "WHEN")]
    pub(crate) color: Option<Color>,
}

/// The use of colours.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Color {
    /// If stderr is a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Flags that are passed on to every call of cargo.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct CargoFlags {
    /// Assert that `Cargo.lock` will remain unchanged
    #[arg(long, global = true, help_heading = "Manifest Options")]
    pub(crate) locked: bool,
    /// Run without accessing the network
    #[arg(long, global = true, help_heading = "Manifest Options")]
    pub(crate) offline: bool,
    /// Equivalent to specifying both --locked and --offline
    #[arg(long, global = true, help_heading = "Manifest Options")]
    pub(crate) frozen: bool,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Add a test target and everything that it needs to a crate
    Init(InitArgs),
    /// Add one more test target
    #[command(visible_alias = "add")]
    New(NewArgs),
    /// List the test targets and their states
    List(ListArgs),
    /// Find problems that keep tests from building or running, and their solutions
    Doctor(DoctorArgs),
    /// Run `cargo test` on the test targets, with libpython in the loader's paths
    Run(RunArgs),
    /// Write the workflow that runs the tests on GitHub or GitLab, on one machine or many
    Ci(CiArgs),
    /// Run a program with libpython in the loader's paths: for `runner` in `.cargo/config.toml`
    Runner(RunnerArgs),
    /// Print a completion script or the man page, or write all of them
    Completions(CompletionsArgs),
    /// Make a small extension crate and run its tests
    Demo(DemoArgs),
}

/// The choice of a package.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Selection {
    /// Package to modify
    #[arg(short, long, value_name = "SPEC", help_heading = "Package Selection")]
    pub(crate) package: Option<String>,
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH", help_heading = "Manifest Options")]
    pub(crate) manifest_path: Option<PathBuf>,
}

/// The runtime, and the source of pyo3-aio.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct LibraryArgs {
    /// Runtime that the tests use [default: the one in use, else tokio]
    #[arg(long, value_enum)]
    pub(crate) runtime: Option<crate::runtime::Runtime>,
    /// Folder that holds the package pyo3-aio
    #[arg(long, value_name = "DIR", group = "source", help_heading = "Source")]
    pub(crate) path: Option<PathBuf>,
    /// Git repository that holds the package pyo3-aio
    #[arg(long, value_name = "URL", group = "source", help_heading = "Source")]
    pub(crate) git: Option<String>,
    /// Version of pyo3-aio to ask the registry for
    #[arg(
        long = "version",
        value_name = "V",
        group = "source",
        help_heading = "Source"
    )]
    pub(crate) version_req: Option<String>,
}

/// The use of changes.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ChangeArgs {
    /// Show what would change, and change nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
}

/// Arguments of `init`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct InitArgs {
    /// Name of the test target
    #[arg(long, default_value = "test_example")]
    pub(crate) name: String,
    /// Test the library too: its own unit tests, and that Python can import its `#[pymodule]`
    #[arg(long)]
    pub(crate) lib: bool,
    /// Move from pyo3-async-runtimes or pyo3-asyncio to pyo3-aio
    #[arg(long)]
    pub(crate) migrate: bool,
    /// Change nothing, and exit with 1 if something would change
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) check: bool,
    /// Replace the test file if it exists
    #[arg(long)]
    pub(crate) force: bool,
    /// Take back what `init` has written, as far as it is unchanged and nothing else needs it
    #[arg(long, conflicts_with_all = ["check", "force", "migrate"])]
    pub(crate) undo: bool,
    #[command(flatten)]
    pub(crate) library: LibraryArgs,
    #[command(flatten)]
    pub(crate) changes: ChangeArgs,
    #[command(flatten)]
    pub(crate) selection: Selection,
}

/// Arguments of `new`.
#[derive(Clone, Debug, Args)]
pub(crate) struct NewArgs {
    /// Name of the test target
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) library: LibraryArgs,
    #[command(flatten)]
    pub(crate) changes: ChangeArgs,
    #[command(flatten)]
    pub(crate) selection: Selection,
}

/// Arguments of `demo`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DemoArgs {
    /// Folder to make [default: `pyo3-aio-demo` in the system's temporary folder]
    pub(crate) dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) library: LibraryArgs,
}

/// The output format.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(crate) enum Format {
    /// Text.
    #[default]
    Human,
    /// JSON.
    Json,
}

/// Arguments of `list`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct ListArgs {
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) selection: Selection,
}

/// Arguments of `doctor`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DoctorArgs {
    /// Repair the package's files as far as possible
    #[arg(long)]
    pub(crate) fix: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) selection: Selection,
}

/// Arguments of `completions`.
#[derive(Clone, Debug, Default, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Option<clap_complete::Shell>,
    /// Print the man page
    #[arg(long)]
    pub(crate) man: bool,
    /// Write the scripts for all shells, and the man pages of all commands, into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// Arguments of `run`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RunArgs {
    /// Run only tests whose name contains this
    pub(crate) filter: Option<String>,
    /// Arguments for the test programs
    #[arg(last = true)]
    pub(crate) args: Vec<String>,
    /// Build with optimizations
    #[arg(short, long)]
    pub(crate) release: bool,
    /// Run all test targets, even if one fails
    #[arg(long)]
    pub(crate) no_fail_fast: bool,
    #[command(flatten)]
    pub(crate) features: clap_cargo::Features,
    #[command(flatten)]
    pub(crate) selection: Selection,
}

/// The service that runs a workflow.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum CiService {
    /// GitHub Actions.
    Github,
    /// GitLab CI/CD.
    Gitlab,
}

/// Arguments of `ci`.
///
/// The workflow's first line records those that describe it, and a later run starts from them.
#[derive(Clone, Debug, Args)]
pub(crate) struct CiArgs {
    /// Service that runs the workflow
    pub(crate) service: CiService,
    /// Machines among which the tests are divided [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) shards: Option<u16>,
    /// Versions of Python, such as 3.9,3.13 [default: the one in use]
    #[arg(long, value_name = "VERSIONS", value_delimiter = ',', value_parser = python_version)]
    pub(crate) python: Vec<String>,
    /// Machines of GitHub, such as ubuntu-latest,macos-latest [default: ubuntu-latest]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = plain_word)]
    pub(crate) os: Vec<String>,
    /// Features to build the tests with
    #[arg(short = 'F', long, value_name = "FEATURES", value_delimiter = ',', value_parser = plain_word)]
    pub(crate) features: Vec<String>,
    /// Change nothing, and exit with 1 if something would change
    #[arg(long, conflicts_with = "dry_run")]
    pub(crate) check: bool,
    /// Take the workflow's steps on this machine: build an archive, unpack it elsewhere, run each part
    #[arg(long = "try", conflicts_with_all = ["check", "dry_run"])]
    pub(crate) is_tried: bool,
    /// Replace a workflow that was changed by hand
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) changes: ChangeArgs,
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH", help_heading = "Manifest Options")]
    pub(crate) manifest_path: Option<PathBuf>,
}

/// Accepts a version of CPython 3.9 or newer, with or without a patch level, and `t` for free-threaded ones.
fn python_version(text: &str) -> Result<String, String> {
    let mut numbers = text.strip_suffix('t').unwrap_or(text).split('.');
    let mut number = || numbers.next().map(str::parse::<u8>);
    match (number(), number(), number(), number()) {
        (Some(Ok(3)), Some(Ok(9..)), None | Some(Ok(_)), None) => Ok(text.to_owned()),
        _ => Err("name versions of CPython from 3.9 on, such as 3.9,3.13".to_owned()),
    }
}

/// Accepts a word that has the same meaning in YAML and in a shell without quotes.
fn plain_word(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./+".contains(c);
    match text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(is_plain) {
        true => Ok(text.to_owned()),
        false => Err("letters, digits and any of -_./+ make a name".to_owned()),
    }
}

/// Arguments of `runner`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RunnerArgs {
    /// The program and its arguments
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) command: Vec<OsString>,
}

/// Removes the subcommand's name, which cargo passes as the first argument.
pub(crate) fn arguments(args: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut args: Vec<OsString> = args.into_iter().collect();
    if args.get(1).is_some_and(|word| word == "pyo3-async-test") {
        args.remove(1);
    }
    args
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Cli, arguments, plain_word, python_version};

    fn parse(line: &str) -> Cli {
        let words = line.split(' ').map(Into::into);
        Cli::parse_from(arguments(words))
    }

    #[test]
    fn clap_finds_no_contradiction() {
        Cli::command().debug_assert();
    }

    #[test]
    fn versions_of_cpython_are_accepted() {
        for version in ["3.9", "3.13", "3.14t", "3.11.7"] {
            assert!(python_version(version).is_ok(), "{version}");
        }
        for version in ["3", "3.8", "2.7", "3.x", "3.9.1.2", "pypy3.10", ""] {
            assert!(python_version(version).is_err(), "{version}");
        }
    }

    #[test]
    fn words_that_need_quotes_are_refused() {
        assert!(plain_word("ubuntu-24.04").is_ok());
        for word in ["", "a b", "[x", "-a", "a\"", "$(a)"] {
            assert!(plain_word(word).is_err(), "{word}");
        }
    }

    #[test]
    fn works_as_a_subcommand_and_by_its_full_name() {
        let by_cargo = parse("cargo-pyo3-async-test pyo3-async-test init -n");
        let by_name = parse("cargo-pyo3-async-test init -n");
        assert_eq!(format!("{by_cargo:?}"), format!("{by_name:?}"));
    }
}
