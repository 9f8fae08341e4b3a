//! The text of a workflow, from its templates.

use pyo3_aio_templates::{ci, render as fill};

use super::Workspace;
use super::settings::Settings;
use crate::cli::CiService;

/// Expressions of GitHub, which the templates write without `$`: their braces are those of a template.
const EXPRESSIONS: [(&str, &str); 5] = [
    ("github.workflow", "${{ github.workflow }}"),
    ("github.ref", "${{ github.ref }}"),
    ("matrix.os", "${{ matrix.os }}"),
    ("matrix.python", "${{ matrix.python }}"),
    ("matrix.shard", "${{ matrix.shard }}"),
];

/// Renders the workflow.
pub(super) fn render(workspace: &Workspace<'_>, settings: &Settings, install: &str) -> String {
    let is_divided = settings.shards > 1;
    let prefix = workspace.repository.prefix();
    let folder = workspace.repository.workspace.as_str();
    let shards = settings.shards.to_string();
    let numbers = (1..=settings.shards).map(|number| number.to_string());
    let features = match settings.features.as_slice() {
        [] => String::new(),
        features => format!(" --features {}", features.join(",")),
    };
    let common = [
        ("install", install),
        ("folder_prefix", &prefix),
        ("folder", if folder.is_empty() { "." } else { folder }),
        ("shards", &shards),
        ("features", &features),
    ];
    let lists = [
        ("header", header(settings)),
        ("pythons", quoted(&settings.pythons)),
        ("systems", settings.systems.join(", ")),
        ("shard_numbers", quoted(&numbers.collect::<Vec<_>>())),
        (
            "doctests",
            step(settings.service, doctests(workspace, &features)),
        ),
        ("packages", step(settings.service, packages(workspace))),
    ];
    let mut values: Vec<(&str, &str)> = Vec::from(EXPRESSIONS);
    values.extend(common);
    values.extend(lists.iter().map(|(name, value)| (*name, value.as_str())));
    match settings.service {
        CiService::Github => github(&values, folder, is_divided),
        CiService::Gitlab => gitlab(&values, folder, is_divided),
    }
}

fn github(values: &[(&str, &str)], folder: &str, is_divided: bool) -> String {
    let (working_directory, cache) = match folder {
        "" => (String::new(), String::new()),
        _ => (
            format!("\n    working-directory: {folder}"),
            format!("\n          workspaces: {folder}"),
        ),
    };
    let junit = match is_divided {
        true => "junit-${{ matrix.os }}-${{ matrix.python }}-${{ matrix.shard }}",
        false => "junit-${{ matrix.os }}-${{ matrix.python }}",
    };
    let run = run("tests.tar.zst", "${{ matrix.shard }}", values, "          ");
    let mut values = values.to_vec();
    values.extend([
        ("working_directory", working_directory.as_str()),
        ("cache_workspaces", &cache),
        ("junit_name", junit),
        ("run", &run),
    ]);
    let setup = fill(ci::GITHUB_SETUP, &values);
    values.push(("setup", &setup));
    let build = fill(ci::GITHUB_BUILD, &values);
    let results = fill(ci::GITHUB_RESULTS, &values);
    values.extend([("build", build.as_str()), ("results", results.trim_end())]);
    match is_divided {
        true => fill(ci::GITHUB, &values),
        false => fill(ci::GITHUB_ONE, &values),
    }
}

fn gitlab(values: &[(&str, &str)], folder: &str, is_divided: bool) -> String {
    let enter = match folder {
        "" => String::new(),
        _ => format!("    - cd {folder}\n"),
    };
    let run = run("tests-$PYTHON.tar.zst", "$SHARD", values, "      ");
    let mut values = values.to_vec();
    values.extend([("enter_folder", enter.as_str()), ("run", &run)]);
    let setup = fill(ci::GITLAB_SETUP, &values);
    let build = fill(ci::GITLAB_BUILD, &values);
    let results = fill(ci::GITLAB_RESULTS, &values);
    values.extend([
        ("setup", setup.as_str()),
        ("build", &build),
        ("results", results.trim_end()),
    ]);
    match is_divided {
        true => fill(ci::GITLAB, &values),
        false => fill(ci::GITLAB_ONE, &values),
    }
}

fn header(settings: &Settings) -> String {
    format!(
        "# Written by `{}`.\n\
         # With `--check` the command tells whether this file and .config/nextest.toml are as it would write them.\n",
        settings.command()
    )
}

/// The script that runs one part of an archive, indented.
fn run(archive: &str, shard: &str, values: &[(&str, &str)], indent: &str) -> String {
    let mut values = values.to_vec();
    values.extend([("archive", archive), ("shard", shard)]);
    let script = fill(ci::RUN, &values);
    let lines = script.lines().map(|line| format!("{indent}{line}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// cargo-nextest runs no doctests. Cargo has some only where Rust code can use a library.
fn doctests(workspace: &Workspace<'_>, features: &str) -> Option<String> {
    let mut libraries = workspace
        .projects
        .iter()
        .filter_map(|project| project.library.as_ref());
    let is_linkable = libraries.any(|library| library.is_linkable);
    is_linkable.then(|| format!("cargo test --workspace --doc{features}"))
}

/// The command that installs the Python packages that tests need.
fn packages(workspace: &Workspace<'_>) -> Option<String> {
    let file = workspace.requirements?;
    Some(format!("python -m pip install -r {file}"))
}

/// Formats a command as a step; no command is no step.
fn step(service: CiService, command: Option<String>) -> String {
    let indent = match service {
        CiService::Github => "      - run:",
        CiService::Gitlab => "    -",
    };
    command.map_or_else(String::new, |command| format!("{indent} {command}\n"))
}

/// Formats a list for YAML, to which 3.10 without quotes is a number.
fn quoted(values: &[String]) -> String {
    let values = values.iter().map(|value| format!("\"{value}\""));
    values.collect::<Vec<_>>().join(", ")
}
