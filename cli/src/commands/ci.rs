//! `ci`: writes the workflow that runs the tests on a service's machines.

mod trial;

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use crate::apply;
use crate::cli::{CargoFlags, CiArgs, CiService, Cli, Command, arguments};
use crate::commands::diff;
use crate::environment::python;
use crate::plan::ci::{self, CiPlan, ExistingFiles, Settings, Workspace};
use crate::project::Project;
use crate::project::nextest;
use crate::project::repository::Repository;
use crate::shell::Shell;

/// The files that name the Python packages that tests need; the first that exists is installed.
const REQUIREMENTS: [&str; 4] = [
    "requirements-test.txt",
    "requirements-dev.txt",
    "requirements_dev.txt",
    "requirements.txt",
];

/// Python's version in the workflow if there is none on this machine.
const DEFAULT_PYTHON: &str = "3.13";

/// Runs `ci`.
pub(crate) fn run(
    args: &CiArgs,
    flags: &CargoFlags,
    shell: &Shell,
) -> Result<ExitCode, Box<dyn Error>> {
    let projects = Project::inspect_workspace(args.manifest_path.as_deref(), flags)?;
    let Some(first) = projects.first() else {
        return Err(ci::Error::NoLibrary.into());
    };
    let repository = Repository::find(&first.workspace_root);
    let existing = read_existing(args.service, &repository, &first.workspace_root);
    let settings = settings(args, existing.recorded.as_ref());
    let mut requirements = REQUIREMENTS.into_iter();
    let workspace = Workspace {
        projects: &projects,
        root: &first.workspace_root,
        repository: &repository,
        requirements: requirements.find(|name| first.workspace_root.join(name).is_file()),
    };
    let is_shown = args.check || args.changes.dry_run;
    let plan = ci::plan(&workspace, &settings, &existing, args.force || is_shown)?;
    if plan.files.is_empty() {
        print_status(&plan, shell);
        let path = ci::workflow_path(args.service);
        shell.status("Unchanged", format_args!("{path} is up to date"));
    } else if is_shown {
        show(&plan, &repository, shell);
        return Ok(conclude(&plan, args, shell));
    } else {
        apply::apply_files(&plan.files)?.commit();
        print_status(&plan, shell);
        shell.note(
            "`cargo pyo3-async-test ci` with `--check` tells when they have to be written again",
        );
    }
    match args.is_tried {
        true => Ok(trial::run(&first.workspace_root, &settings, flags, shell)?),
        false => Ok(ExitCode::SUCCESS),
    }
}

fn show(plan: &CiPlan, repository: &Repository, shell: &Shell) {
    print_status(plan, shell);
    let text = diff::files(&plan.files, &repository.root);
    // A closed pipe is no error: its reader has what it asked for.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Says what follows from changes that are only shown.
fn conclude(plan: &CiPlan, args: &CiArgs, shell: &Shell) -> ExitCode {
    if args.check {
        let names: Vec<&str> = plan.status().map(|(_, name)| name).collect();
        shell.problem(format_args!(
            "not up to date: {}; run this without `--check`",
            names.join(", ")
        ));
        return ExitCode::FAILURE;
    }
    shell.warn("nothing is written due to dry run");
    ExitCode::SUCCESS
}

fn read_existing(service: CiService, repository: &Repository, workspace: &Path) -> ExistingFiles {
    let root = &repository.root;
    let workflow = fs::read_to_string(root.join(ci::workflow_path(service))).ok();
    let recorded = workflow.as_deref().and_then(read_recorded);
    ExistingFiles {
        gitlab: fs::read_to_string(root.join(ci::GITLAB_ROOT)).ok(),
        nextest: fs::read_to_string(workspace.join(nextest::PATH)).ok(),
        recorded,
        workflow,
    }
}

/// Reads the settings that a workflow's first line records.
fn read_recorded(workflow: &str) -> Option<Settings> {
    let words = ci::recorded_command(workflow)?.split(' ').map(Into::into);
    // Cargo is the first word, and its place is that of the program's name.
    let cli = Cli::try_parse_from(arguments(words)).ok()?;
    match cli.command {
        Command::Ci(args) => Some(settings(&args, None)),
        _ => None,
    }
}

/// Completes the arguments by those that the present workflow was written with.
fn settings(args: &CiArgs, recorded: Option<&Settings>) -> Settings {
    let given = |values: &Vec<String>| (!values.is_empty()).then(|| values.clone());
    let known =
        |values: fn(&Settings) -> &Vec<String>| recorded.map(|settings| values(settings).clone());
    let systems = || match args.service {
        CiService::Github => vec!["ubuntu-latest".to_owned()],
        CiService::Gitlab => Vec::new(),
    };
    Settings {
        service: args.service,
        shards: args
            .shards
            .or(recorded.map(|settings| settings.shards))
            .unwrap_or(1),
        pythons: given(&args.python)
            .or(known(|settings| &settings.pythons))
            .unwrap_or_else(|| vec![python_in_use()]),
        systems: given(&args.os)
            .or(known(|settings| &settings.systems))
            .unwrap_or_else(systems),
        features: given(&args.features)
            .or(known(|settings| &settings.features))
            .unwrap_or_default(),
    }
}

/// Returns the version of this machine's Python, without the patch level.
fn python_in_use() -> String {
    let python = python::check().ok().flatten();
    let version = python.map(|python| python.version);
    let minor = version
        .as_deref()
        .and_then(|version| version.rsplit_once('.'));
    minor.map_or(DEFAULT_PYTHON, |(minor, _)| minor).to_owned()
}

fn print_status(plan: &CiPlan, shell: &Shell) {
    for (verb, name) in plan.status() {
        shell.status(verb, name);
    }
    for note in &plan.notes {
        shell.note(note);
    }
    for warning in &plan.warnings {
        shell.warn(warning);
    }
}
