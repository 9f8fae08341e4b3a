//! `init`, and what `new` and `demo` share with it.

use std::error::Error;
use std::fs;
use std::process::ExitCode;

use crate::apply;
use crate::cargo;
use crate::cli::{Basis, CargoFlags, Changes, InitArgs, Selection};
use crate::diff;
use crate::plan::{self, Plan, Request, Template};
use crate::project::Project;
use crate::python;
use crate::shell::Shell;
use crate::source::Source;

/// The name of the first test target.
pub(crate) const EXAMPLE: &str = "test_example";

/// Runs `init`.
pub(crate) fn run(
    args: &InitArgs,
    flags: &CargoFlags,
    shell: &Shell,
) -> Result<ExitCode, Box<dyn Error>> {
    warn_of_python(shell);
    let request = request(EXAMPLE, Template::Example, &args.basis)?;
    change(&request, &args.selection, &args.changes, flags, shell)
}

/// Puts together what is asked for.
pub(crate) fn request(
    name: &str,
    template: Template,
    basis: &Basis,
) -> Result<Request, Box<dyn Error>> {
    Ok(Request {
        name: name.to_owned(),
        template,
        runtime: basis.runtime,
        source: Source::choose(basis)?,
    })
}

/// A Python that will not do keeps nobody from writing tests, but they should know.
pub(crate) fn warn_of_python(shell: &Shell) {
    match python::check() {
        Ok(Some(python)) if shell.is_verbose() => shell.status(
            "Found",
            format_args!(
                "Python {} at {}",
                python.version,
                python.executable.display()
            ),
        ),
        Ok(_) => {}
        Err(error) => shell.warn(format_args!("`cargo test` will not build yet: {error}")),
    }
}

/// Looks, decides, and acts.
pub(crate) fn change(
    request: &Request,
    selection: &Selection,
    changes: &Changes,
    flags: &CargoFlags,
    shell: &Shell,
) -> Result<ExitCode, Box<dyn Error>> {
    let project = Project::inspect(selection, flags)?;
    let file = project.folder().join(plan::file(&request.name));
    let existing = fs::read_to_string(file).ok();
    let plan = plan::plan(&project, request, existing.as_deref())?;
    if plan.is_empty() {
        tell(&plan, shell);
        shell.status(
            "Unchanged",
            format_args!("`{}` has test target {} already", project.name, plan.target),
        );
        return Ok(ExitCode::SUCCESS);
    }
    if changes.dry_run {
        tell(&plan, shell);
        print_diff(&plan, &project);
        shell.warn("nothing is written due to dry run");
        return Ok(ExitCode::SUCCESS);
    }
    let transaction = apply::apply(&plan)?;
    cargo::metadata(project.manifest.path(), flags).map_err(|source| Refused { source })?;
    transaction.commit();
    tell(&plan, shell);
    shell.note(format_args!(
        "run the tests with `cargo test --test {}`",
        plan.target
    ));
    Ok(ExitCode::SUCCESS)
}

/// Cargo does not take the manifest.
#[derive(Debug, thiserror::Error)]
#[error("cargo refuses the manifest that was to be written; everything is as it was")]
struct Refused {
    source: cargo_metadata::Error,
}

fn tell(plan: &Plan, shell: &Shell) {
    for edit in &plan.edits {
        shell.status(edit.verb(), edit);
    }
    for file in &plan.files {
        file.messages
            .iter()
            .for_each(|message| shell.status(file.verb, message));
    }
    for note in &plan.notes {
        shell.note(note);
    }
}

fn print_diff(plan: &Plan, project: &Project) {
    use std::io::Write;
    let manifest = &plan.manifest;
    let mut text = diff::unified("Cargo.toml", manifest.original(), &manifest.render());
    for file in &plan.files {
        let name = file
            .path
            .strip_prefix(project.folder())
            .unwrap_or(&file.path);
        let before = file.before.as_deref().unwrap_or_default();
        text += &diff::unified(&name.display().to_string(), before, &file.after);
    }
    // A reader that has gone away has seen enough.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}
