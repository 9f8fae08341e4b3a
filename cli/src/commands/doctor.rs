//! `doctor`: finds what keeps tests from building or running, with the cause and the solution of each problem.

mod check;
mod finding;
mod inspection;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use serde_json::json;

use crate::cli::{CargoFlags, DoctorArgs, Format};
use crate::commands::change;
use crate::plan;
use crate::project::Project;
use crate::shell::Shell;
use finding::{Finding, Level};
use inspection::Inspection;

/// Runs `doctor`. The exit code is 1 if a finding is an error.
pub(crate) fn run(
    args: &DoctorArgs,
    flags: &CargoFlags,
    shell: &Shell,
) -> Result<ExitCode, Box<dyn Error>> {
    if args.fix {
        for project in Project::inspect_all(&args.selection, flags)? {
            fix(&project, flags, shell)?;
        }
    }
    let projects = Project::inspect_all(&args.selection, flags)?;
    let reports = projects.iter().map(|project| {
        let inspection = Inspection::new(project, flags);
        (project.name.as_str(), check::all(project, &inspection))
    });
    let reports: Vec<(&str, Vec<Finding>)> = reports.collect();
    let text = match args.format {
        Format::Human => lines(&reports),
        Format::Json => as_json(&reports),
    };
    // A closed pipe is no error: `doctor | head` has what it asked for.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    let mut findings = reports.iter().flat_map(|(_, findings)| findings);
    match findings.any(|finding| finding.level == Level::Error) {
        true => Ok(ExitCode::FAILURE),
        false => Ok(ExitCode::SUCCESS),
    }
}

fn fix(project: &Project, flags: &CargoFlags, shell: &Shell) -> Result<(), Box<dyn Error>> {
    let found = change::find_for_repair(project);
    let plan = plan::repair(project, &found);
    match plan.is_empty() {
        true => shell.status(
            "Unchanged",
            format_args!("`{}` needs no repair", project.name),
        ),
        false => change::carry_out(project, &plan, flags, shell)?,
    }
    Ok(())
}

fn lines(reports: &[(&str, Vec<Finding>)]) -> String {
    let mut text = String::new();
    for (package, findings) in reports {
        if reports.len() > 1 {
            text += &format!("{package}:\n");
        }
        findings
            .iter()
            .for_each(|finding| text += &finding.to_string());
    }
    text
}

fn as_json(reports: &[(&str, Vec<Finding>)]) -> String {
    let object = |(package, findings): &(&str, Vec<Finding>)| {
        let findings: Vec<_> = findings.iter().map(Finding::to_json).collect();
        json!({ "package": package, "findings": findings })
    };
    let objects: Vec<_> = reports.iter().map(object).collect();
    format!("{:#}\n", json!(objects))
}
