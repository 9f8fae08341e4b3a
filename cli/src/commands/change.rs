//! The steps that `init`, `new` and `demo` share: inspect the project, make a plan, apply or show it.

use std::error::Error;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use crate::apply;
use crate::cli::{CargoFlags, ChangeArgs, Selection};
use crate::commands::diff;
use crate::environment::cargo;
use crate::plan::{self, ExistingFiles, ExistingTest, Plan, Request};
use crate::project::Project;
use crate::project::pyproject;
use crate::project::rust::SourceTree;
use crate::project::test_targets;
use crate::shell::Shell;

/// The use of a plan.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mode {
    /// Its changes are made.
    Write,
    /// It is shown as a diff.
    DryRun,
    /// It is shown as a diff, and the exit code is 1 unless it is empty.
    Check,
}

impl From<&ChangeArgs> for Mode {
    fn from(changes: &ChangeArgs) -> Self {
        if changes.dry_run {
            Self::DryRun
        } else {
            Self::Write
        }
    }
}

/// Makes the plan for a request, and applies or shows it.
pub(crate) fn run(
    request: &Request,
    selection: &Selection,
    mode: Mode,
    flags: &CargoFlags,
    shell: &Shell,
) -> Result<ExitCode, Box<dyn Error>> {
    let project = Project::inspect(selection, flags)?;
    let plan = plan::scaffold(&project, request, &read_existing(&project, request))?;
    if plan.is_empty() {
        print_status(&plan, shell);
        let (package, target) = (&project.name, &plan.target);
        shell.status(
            "Unchanged",
            format_args!("`{package}` has test target {target} already"),
        );
        return Ok(ExitCode::SUCCESS);
    }
    match mode {
        Mode::Write => {
            carry_out(&project, &plan, flags, shell)?;
            let (package, target) = (project.cargo_arguments(), &plan.target);
            shell.note(format_args!(
                "run the tests with `cargo test{package} --test {target}`"
            ));
            Ok(ExitCode::SUCCESS)
        }
        Mode::DryRun => {
            show(&project, &plan, shell);
            shell.warn("nothing is written due to dry run");
            Ok(ExitCode::SUCCESS)
        }
        Mode::Check => {
            show(&project, &plan, shell);
            let manifest = project.manifest.path().display();
            shell.problem(format_args!(
                "`{manifest}` is not up to date: run this without `--check`"
            ));
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Takes back what the request has written, or shows what that would change.
pub(crate) fn undo(
    request: &Request,
    selection: &Selection,
    mode: Mode,
    flags: &CargoFlags,
    shell: &Shell,
) -> Result<ExitCode, Box<dyn Error>> {
    let project = Project::inspect(selection, flags)?;
    let found = ExistingFiles {
        targets: test_targets::all(&project),
        sources: project.sources(),
        ..read_existing(&project, request)
    };
    let plan = plan::undo(&project, request, &found);
    if plan.is_empty() {
        print_status(&plan, shell);
        let message = format!("`{}` has nothing that `init` has written", project.name);
        shell.status("Unchanged", message);
    } else if mode == Mode::Write {
        carry_out(&project, &plan, flags, shell)?;
    } else {
        show(&project, &plan, shell);
        shell.warn("nothing is written due to dry run");
    }
    Ok(ExitCode::SUCCESS)
}

fn read_existing(project: &Project, request: &Request) -> ExistingFiles {
    let folder = project.folder();
    ExistingFiles {
        test: read_test(project, &folder.join(plan::test_file(&request.name))),
        pyproject: pyproject::find(&project.manifest),
        sources: if request.migrates {
            project.sources()
        } else {
            Vec::new()
        },
        ..ExistingFiles::default()
    }
}

fn read_test(project: &Project, path: &Path) -> Option<ExistingTest> {
    let text = fs::read_to_string(path).ok()?;
    let source = SourceTree::read(path);
    let loses_tests = !source
        .test_functions(&project.library_crates())
        .plain
        .is_empty();
    let has_main = source.starts_harness() || (source.has_main() && !loses_tests);
    Some(ExistingTest { text, has_main })
}

/// Reads the files that a repair depends on.
pub(crate) fn find_for_repair(project: &Project) -> ExistingFiles {
    ExistingFiles {
        pyproject: pyproject::find(&project.manifest),
        targets: test_targets::all(project),
        ..ExistingFiles::default()
    }
}

/// Applies the plan and prints its status lines. If cargo refuses the new manifest, everything is undone.
pub(crate) fn carry_out(
    project: &Project,
    plan: &Plan,
    flags: &CargoFlags,
    shell: &Shell,
) -> Result<(), Box<dyn Error>> {
    let transaction = apply::apply(plan)?;
    cargo::metadata(project.manifest.path(), flags).map_err(|source| Refused { source })?;
    transaction.commit();
    print_status(plan, shell);
    Ok(())
}

fn show(project: &Project, plan: &Plan, shell: &Shell) {
    print_status(plan, shell);
    print_diff(plan, project);
}

/// Cargo refuses the new manifest.
#[derive(Debug, thiserror::Error)]
#[error("cargo refuses the changed manifest; all changes have been undone")]
struct Refused {
    source: cargo_metadata::Error,
}

fn print_status(plan: &Plan, shell: &Shell) {
    for edit in &plan.edits {
        shell.status(edit.verb(), edit);
    }
    for (verb, message) in plan.files.iter().flat_map(|file| &file.status) {
        shell.status(verb, message);
    }
    for removal in &plan.removals {
        shell.status("Removing", &removal.shown);
    }
    for note in &plan.notes {
        shell.note(note);
    }
    for warning in &plan.warnings {
        shell.warn(warning);
    }
}

fn print_diff(plan: &Plan, project: &Project) {
    let manifest = &plan.manifest;
    let mut text = diff::unified("Cargo.toml", manifest.original(), &manifest.render());
    text += &diff::files(&plan.files, project.folder());
    for removal in &plan.removals {
        text += &diff::unified(&removal.shown, &removal.text, "");
    }
    // A closed pipe is no error: its reader has what it asked for.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
