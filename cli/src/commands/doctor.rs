//! `doctor`: finds what keeps tests from building or running, with the cause and the solution of each problem.

mod check;
mod finding;
mod inspection;
mod link_conflict;

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use std::thread;

use serde_json::json;

use crate::cli::{CargoFlags, DoctorArgs, Format};
use crate::commands::change;
use crate::plan;
use crate::project::Project;
use crate::project::test_targets::{self, Target};
use crate::shell::Shell;
use finding::{Finding, Level};
use inspection::{Inspection, Machine};

/// Runs `doctor`. The exit code is 1 if a finding is an error.
pub(crate) fn run(
    args: &DoctorArgs,
    flags: &CargoFlags,
    shell: &Shell,
) -> Result<ExitCode, Box<dyn Error>> {
    if args.fix {
        let projects = Project::inspect_all(&args.selection, flags)?;
        let is_alone = projects.len() == 1;
        for project in projects
            .iter()
            .filter(|project| is_alone || project.uses_python())
        {
            fix(project, flags, shell)?;
        }
    }
    let projects = Project::inspect_all(&args.selection, flags)?;
    let reports = report(&projects, flags);
    let text = match args.format {
        Format::Human => lines(&reports, shell.is_verbose()),
        Format::Json => as_json(&reports, shell.is_verbose()),
    };
    // A closed pipe is no error: `doctor | head` has what it asked for.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    let mut findings = reports.iter().flat_map(|report| &report.findings);
    match findings.any(|finding| finding.level == Level::Error) {
        true => Ok(ExitCode::FAILURE),
        false => Ok(ExitCode::SUCCESS),
    }
}

/// The findings about a package.
struct Report<'a> {
    /// The package; `None` for the machine, where several packages share it.
    package: Option<&'a str>,
    findings: Vec<Finding>,
}

fn report<'a>(projects: &'a [Project], flags: &CargoFlags) -> Vec<Report<'a>> {
    let Some(first) = projects.first() else {
        return Vec::new();
    };
    let (targets, machine, resolution) = thread::scope(|scope| {
        // Both start programs, which takes most of the time.
        let manifest = first.manifest.path();
        let resolution = scope.spawn(|| inspection::resolve(manifest, flags));
        let targets: Vec<Vec<Target>> = projects.iter().map(test_targets::all).collect();
        let machine = Machine::new(projects, &targets.concat());
        let resolution = resolution.join();
        let resolution = resolution.unwrap_or_else(|_| Err("the resolution failed".to_owned()));
        (targets, machine, resolution)
    });
    let Some(machine) = machine else {
        return Vec::new();
    };
    let members = projects.iter().zip(targets).map(|(project, targets)| {
        let inspection = Inspection::new(project, targets, &resolution, &machine);
        (project, inspection)
    });
    let members: Vec<(&Project, Inspection<'_>)> = members.collect();
    if let [(project, inspection)] = members.as_slice() {
        let package = Some(project.name.as_str());
        let findings = check::all(project, inspection);
        return vec![Report { package, findings }];
    }
    let uses_library = |project: &Project| project.library_features().is_some();
    let uses_python = projects.iter().any(Project::uses_python);
    let is_set_up = projects.iter().any(uses_library);
    let environment = Report {
        package: None,
        findings: check::environment(&machine),
    };
    let mut reports = vec![environment];
    for (project, inspection) in &members {
        let is_relevant = !uses_python || project.uses_python() || !inspection.targets.is_empty();
        let is_untested = is_set_up && !uses_library(project) && inspection.targets.is_empty();
        reports.push(Report {
            package: Some(project.name.as_str()),
            findings: match (is_relevant, is_untested) {
                (false, _) => vec![check::without_python()],
                (true, true) => vec![check::without_tests(inspection)],
                (true, false) => check::package(project, inspection),
            },
        });
    }
    reports
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

fn lines(reports: &[Report<'_>], is_verbose: bool) -> String {
    let mut text = String::new();
    for report in reports {
        if let Some(package) = report.package.filter(|_| reports.len() > 1) {
            text += &format!("{package}:\n");
        }
        for finding in &report.findings {
            text += &finding.to_lines(is_verbose);
        }
    }
    text
}

fn as_json(reports: &[Report<'_>], is_verbose: bool) -> String {
    let object = |report: &Report<'_>| {
        let findings = report.findings.iter();
        let findings: Vec<_> = findings
            .map(|finding| finding.to_json(is_verbose))
            .collect();
        json!({ "package": report.package, "findings": findings })
    };
    let objects: Vec<_> = reports.iter().map(object).collect();
    format!("{:#}\n", json!(objects))
}
