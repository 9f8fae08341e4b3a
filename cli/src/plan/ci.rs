//! The plan of `ci`: a workflow that runs the tests, and the profile of cargo-nextest that it uses.

mod installation;
mod nextest;
mod settings;
mod workflow;

use std::path::{Path, PathBuf};

use super::changes::FileChange;
use crate::cli::CiService;
use crate::project::Project;
use crate::project::nextest as nextest_config;
use crate::project::repository::Repository;

pub(crate) use settings::{Settings, recorded_command};

/// The files that `ci` will write.
#[derive(Debug, Default)]
pub(crate) struct CiPlan {
    /// The changes, in the order in which they are written.
    pub(crate) files: Vec<FileChange>,
    /// Hints for the user.
    pub(crate) notes: Vec<String>,
    /// Warnings for the user.
    pub(crate) warnings: Vec<String>,
}

/// The files that the plan depends on, as far as they exist.
#[derive(Debug, Default)]
pub(crate) struct ExistingFiles {
    /// The workflow.
    pub(crate) workflow: Option<String>,
    /// `.gitlab-ci.yml`, which includes the workflow.
    pub(crate) gitlab: Option<String>,
    /// The configuration of cargo-nextest.
    pub(crate) nextest: Option<String>,
    /// The settings that the workflow's first line records.
    pub(crate) recorded: Option<Settings>,
}

/// The facts about the workspace that the plan depends on.
#[derive(Debug)]
pub(crate) struct Workspace<'a> {
    /// Its members.
    pub(crate) projects: &'a [Project],
    /// Its folder.
    pub(crate) root: &'a Path,
    /// Its repository.
    pub(crate) repository: &'a Repository,
    /// The file of Python packages that tests need, relative to its folder.
    pub(crate) requirements: Option<&'a str>,
}

/// The reasons for which `ci` is refused.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// Nothing in the workspace uses pyo3-aio.
    #[error(
        "no package of the workspace depends on pyo3-aio: run `cargo pyo3-async-test init` first"
    )]
    NoLibrary,
    /// Somebody has changed the workflow, or another version has written it.
    #[error(
        "`{0}` is not as this has written it, and is left alone: see the difference with `--dry-run`, \
         or replace the file with `--force`"
    )]
    Changed(String),
    /// The service would refuse the workflow.
    #[error(
        "{shown} make {jobs} jobs, and {service} runs at most {most}: ask for fewer `--shards`"
    )]
    TooMany {
        /// The product.
        shown: String,
        /// The number of jobs.
        jobs: usize,
        /// The service.
        service: &'static str,
        /// Its limit.
        most: usize,
    },
    /// GitLab chooses machines by other means.
    #[error(
        "`--os` names machines of GitHub; GitLab's are chosen by `tags` in .gitlab-ci.yml: leave `--os` out"
    )]
    SystemsOfGitlab,
    /// The images that the workflow uses have the default build only.
    #[error("GitLab's image `python` has no free-threaded Python {0}: leave the `t` out")]
    FreeThreaded(String),
    /// The configuration of cargo-nextest has a syntax error.
    #[error(
        "cannot parse `{path}`: correct it and run this again; nothing was written\n\n{reason}"
    )]
    Nextest {
        /// The file.
        path: &'static str,
        /// The position and the parser's message.
        reason: String,
    },
}

/// Returns the path of a service's workflow within the repository.
///
/// GitLab reads one file only. That one includes ours, so that a file of the user's stays the user's.
pub(crate) fn workflow_path(service: CiService) -> &'static str {
    match service {
        CiService::Github => ".github/workflows/pyo3-async-test.yml",
        CiService::Gitlab => ".gitlab/pyo3-async-test.yml",
    }
}

/// The file that GitLab reads.
pub(crate) const GITLAB_ROOT: &str = ".gitlab-ci.yml";

/// Decides what to write. With `is_forced`, or for a plan that is only shown, a workflow that was changed by hand is
/// replaced.
pub(crate) fn plan(
    workspace: &Workspace<'_>,
    settings: &Settings,
    existing: &ExistingFiles,
    is_forced: bool,
) -> Result<CiPlan, Error> {
    settings.check()?;
    let installation = installation::find(workspace).ok_or(Error::NoLibrary)?;
    let path = workflow_path(settings.service);
    let render = |settings| workflow::render(workspace, settings, &installation.command);
    let text = render(settings);
    let is_ours = |present: &str| {
        let recorded = existing.recorded.as_ref();
        recorded.is_some_and(|recorded| render(recorded) == present)
    };
    let mut plan = CiPlan {
        warnings: installation.warning.into_iter().collect(),
        ..CiPlan::default()
    };
    let root = &workspace.repository.root;
    match &existing.workflow {
        Some(present) if *present == text => {}
        Some(present) if !is_ours(present) && !is_forced => {
            return Err(Error::Changed(path.to_owned()));
        }
        present => {
            let is_changed = present.as_deref().is_some_and(|present| !is_ours(present));
            plan.warnings.extend(is_changed.then(|| {
                format!("`{path}` is not as this has written it: only `--force` replaces it")
            }));
            plan.write(root.join(path), path, present.as_deref(), text);
        }
    }
    if settings.service == CiService::Gitlab {
        plan.include(root, existing.gitlab.as_deref());
    }
    let nextest = nextest::edit(workspace.projects, existing.nextest.as_deref())?;
    plan.notes.extend(nextest.notes);
    if existing.nextest.as_deref() != Some(&nextest.text) {
        let path = workspace.root.join(nextest_config::PATH);
        plan.write(
            path,
            nextest_config::PATH,
            existing.nextest.as_deref(),
            nextest.text,
        );
    }
    Ok(plan)
}

impl CiPlan {
    /// The status lines: a verb, and the file's name.
    pub(crate) fn status(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let lines = self.files.iter().flat_map(|file| &file.status);
        lines.map(|(verb, name)| (*verb, name.as_str()))
    }

    fn write(&mut self, path: PathBuf, shown: &str, before: Option<&str>, after: String) {
        let verb = match before {
            Some(_) => "Updating",
            None => "Creating",
        };
        self.files.push(FileChange {
            path,
            before: before.map(str::to_owned),
            after,
            status: vec![(verb, shown.to_owned())],
        });
    }

    /// Makes the file that GitLab reads, or asks the user to include ours in it.
    fn include(&mut self, root: &Path, present: Option<&str>) {
        let workflow = workflow_path(CiService::Gitlab);
        match present {
            None => {
                let text = format!("include:\n  - local: {workflow}\n");
                self.write(root.join(GITLAB_ROOT), GITLAB_ROOT, None, text);
            }
            Some(text) if text.contains(workflow) => {}
            Some(_) => self.notes.push(format!(
                "add `- local: {workflow}` to `include` in {GITLAB_ROOT}, which is left alone"
            )),
        }
    }
}
