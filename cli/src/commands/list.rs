//! `list`: shows the test targets and their states.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use serde_json::json;

use crate::cli::{CargoFlags, Format, ListArgs};
use crate::project::Project;
use crate::project::test_targets::{self, State, Target};
use crate::shell::Shell;

/// Runs `list`.
pub(crate) fn run(
    args: &ListArgs,
    flags: &CargoFlags,
    shell: &Shell,
) -> Result<ExitCode, Box<dyn Error>> {
    let projects = Project::inspect_all(&args.selection, flags)?;
    let targets = projects.iter().flat_map(|project| {
        let found = test_targets::all(project);
        found
            .into_iter()
            .map(|target| (project.name.clone(), target))
    });
    let targets: Vec<(String, Target)> = targets.collect();
    let text = match args.format {
        Format::Human => table(&targets),
        Format::Json => as_json(&targets),
    };
    // A closed pipe is no error: its reader has what it asked for.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    if targets.is_empty() {
        shell.note("there is no test target: `cargo pyo3-async-test init` adds one");
    }
    Ok(ExitCode::SUCCESS)
}

fn table(targets: &[(String, Target)]) -> String {
    let width = |length: fn(&Target) -> usize| {
        targets
            .iter()
            .map(|(_, target)| length(target))
            .max()
            .unwrap_or(0)
    };
    let name_width = width(|target| target.name.len());
    let state_width = width(|target| target.state.to_string().len());
    let line = |(_, target): &(String, Target)| {
        let (name, state, path) = (&target.name, target.state.to_string(), &target.path);
        format!("{name:name_width$}  {state:state_width$}  {path}\n")
    };
    targets.iter().map(line).collect()
}

fn as_json(targets: &[(String, Target)]) -> String {
    let object = |(package, target): &(String, Target)| {
        let mut object = json!({
            "package": package,
            "name": target.name,
            "path": target.path,
            "kind": target.kind.json_name(),
            "state": target.state.json_name(),
        });
        if !target.modules.is_empty() {
            object["modules"] = json!(target.modules);
        }
        if let State::Skipped(features) = &target.state {
            object["missing-features"] = json!(features);
        }
        if let State::NeverRun(tests) = &target.state {
            object["lost-tests"] = json!(tests);
        }
        object
    };
    let objects: Vec<_> = targets.iter().map(object).collect();
    format!("{:#}\n", json!(objects))
}
