//! The settings of a workflow, which its first line records.

use super::Error;
use crate::cli::CiService;

/// The properties of a workflow that the user chooses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Settings {
    /// The service that runs it.
    pub(crate) service: CiService,
    /// The number of machines that share the tests.
    pub(crate) shards: u16,
    /// The versions of Python.
    pub(crate) pythons: Vec<String>,
    /// The machines of GitHub.
    pub(crate) systems: Vec<String>,
    /// The features that the tests are built with.
    pub(crate) features: Vec<String>,
}

const COMMAND: &str = "cargo pyo3-async-test ci";

impl Settings {
    /// Returns the command line that makes the workflow.
    pub(super) fn command(&self) -> String {
        let service = match self.service {
            CiService::Github => "github",
            CiService::Gitlab => "gitlab",
        };
        let (shards, pythons) = (self.shards, self.pythons.join(","));
        let mut command = format!("{COMMAND} {service} --shards {shards} --python {pythons}");
        for (flag, values) in [("--os", &self.systems), ("--features", &self.features)] {
            if !values.is_empty() {
                command += &format!(" {flag} {}", values.join(","));
            }
        }
        command
    }

    /// Checks the limits of the service.
    pub(super) fn check(&self) -> Result<(), Error> {
        let mut pythons = self.pythons.iter();
        let free_threaded = pythons.find(|version| version.ends_with('t'));
        if let (CiService::Gitlab, Some(version)) = (self.service, free_threaded) {
            return Err(Error::FreeThreaded(version.clone()));
        }
        // GitHub: "a matrix will generate a maximum of 256 jobs per workflow run". GitLab: `parallel:matrix` has at most
        // 200 permutations.
        let (service, most, systems) = match self.service {
            CiService::Github => ("GitHub", 256, self.systems.len()),
            CiService::Gitlab if !self.systems.is_empty() => return Err(Error::SystemsOfGitlab),
            CiService::Gitlab => ("GitLab", 200, 1),
        };
        let (shards, pythons) = (usize::from(self.shards), self.pythons.len());
        let jobs = shards * pythons * systems;
        if jobs <= most {
            return Ok(());
        }
        let mut shown = format!("{shards} shards for Python {}", self.pythons.join(", "));
        if self.service == CiService::Github {
            shown += &format!(" on {}", self.systems.join(", "));
        }
        Err(Error::TooMany {
            shown,
            jobs,
            service,
            most,
        })
    }
}

/// Finds the command line in a workflow's first line.
pub(crate) fn recorded_command(workflow: &str) -> Option<&str> {
    let first = workflow.lines().next()?;
    first.split('`').find(|part| part.starts_with(COMMAND))
}

#[cfg(test)]
mod tests {
    use super::{Settings, recorded_command};
    use crate::cli::CiService;

    fn settings(service: CiService, shards: u16, systems: usize) -> Settings {
        Settings {
            service,
            shards,
            pythons: vec!["3.9".to_owned(), "3.13".to_owned()],
            systems: vec!["ubuntu-latest".to_owned(); systems],
            features: Vec::new(),
        }
    }

    #[test]
    fn the_limits_of_services_are_kept() {
        let message = |service, shards, systems| {
            let checked = settings(service, shards, systems).check();
            checked.map_err(|error| error.to_string())
        };
        assert_eq!(message(CiService::Github, 128, 1), Ok(()));
        assert_eq!(message(CiService::Gitlab, 100, 0), Ok(()));
        let refused = message(CiService::Github, 65, 2).unwrap_err();
        assert!(
            refused.contains("make 260 jobs, and GitHub runs at most 256"),
            "{refused}"
        );
        let refused = message(CiService::Gitlab, 101, 0).unwrap_err();
        assert!(
            refused.contains("make 202 jobs, and GitLab runs at most 200"),
            "{refused}"
        );
        assert!(
            message(CiService::Gitlab, 1, 1)
                .unwrap_err()
                .contains("leave `--os` out")
        );
    }

    #[test]
    fn the_command_is_read_back() {
        let command = settings(CiService::Github, 3, 1).command();
        let line = format!("# Written by `{command}`; `--check`\nname: tests\n");
        assert_eq!(recorded_command(&line), Some(command.as_str()));
        assert_eq!(recorded_command("name: tests\n"), None);
    }
}
