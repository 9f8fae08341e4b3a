//! The files that `cargo pyo3-async-test` writes, as data.
//!
//! Each template is a readable file under `files/`. Parts that differ from crate to crate are written `{{name}}`, and
//! [`render`] replaces them by values.

/// The tests that `init` writes.
pub const EXAMPLE: &str = include_str!("../files/pytests/example.rs.in");

/// The test that `new` writes.
pub const NEW: &str = include_str!("../files/pytests/new.rs.in");

/// The end of a test file: the call that starts the harness.
pub const MAIN: &str = include_str!("../files/pytests/main.rs.in");

/// The end of a test file: a test that imports the crate's own module, and the call that starts the harness.
pub const MAIN_MODULE: &str = include_str!("../files/pytests/main_module.rs.in");

/// The end of a library's root file: the call that starts the harness for its unit tests.
pub const UNIT_TESTS: &str = include_str!("../files/src/unit_tests.rs.in");

/// The end of a library's root file: an import that links its unit tests with Python.
pub const LINK: &str = include_str!("../files/src/link.rs.in");

/// The manifest of the crate that `demo` makes.
pub const DEMO_MANIFEST: &str = include_str!("../files/demo/Cargo.toml.in");

/// The library of the crate that `demo` makes.
pub const DEMO_LIB: &str = include_str!("../files/demo/src/lib.rs.in");

/// The parts of the workflows that `ci` writes.
pub mod ci {
    /// A workflow of GitHub whose tests run on one machine.
    pub const GITHUB_ONE: &str = include_str!("../files/ci/github_one.yml.in");

    /// A workflow of GitHub whose tests are built once and run on several machines.
    pub const GITHUB: &str = include_str!("../files/ci/github.yml.in");

    /// The steps on GitHub that every job begins with.
    pub const GITHUB_SETUP: &str = include_str!("../files/ci/github_setup.yml.in");

    /// The steps on GitHub before a build.
    pub const GITHUB_BUILD: &str = include_str!("../files/ci/github_build.yml.in");

    /// The steps on GitHub after a run: annotations and the JUnit file.
    pub const GITHUB_RESULTS: &str = include_str!("../files/ci/github_results.yml.in");

    /// A workflow of GitLab whose tests run on one machine.
    pub const GITLAB_ONE: &str = include_str!("../files/ci/gitlab_one.yml.in");

    /// A workflow of GitLab whose tests are built once and run on several machines.
    pub const GITLAB: &str = include_str!("../files/ci/gitlab.yml.in");

    /// The beginning of a workflow of GitLab: the jobs that others extend.
    pub const GITLAB_SETUP: &str = include_str!("../files/ci/gitlab_setup.yml.in");

    /// The commands on GitLab before a build.
    pub const GITLAB_BUILD: &str = include_str!("../files/ci/gitlab_build.yml.in");

    /// The JUnit file of a job of GitLab.
    pub const GITLAB_RESULTS: &str = include_str!("../files/ci/gitlab_results.yml.in");

    /// The script that runs a part of an archive's tests.
    pub const RUN: &str = include_str!("../files/ci/run.sh.in");
}

/// Replaces each `{{name}}` of a template by its value.
///
/// Values are inserted as they are: a `{{name}}` in a value is not replaced.
///
/// # Panics
///
/// If the template names a value that is not given.
#[must_use]
pub fn render(template: &str, values: &[(&str, &str)]) -> String {
    let mut pieces = template.split("{{");
    let mut rendered = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or((piece, ""));
        let value = values.iter().find(|(known, _)| *known == name);
        let (_, value) = value.unwrap_or_else(|| panic!("no value for `{name}` in a template"));
        rendered.push_str(value);
        rendered.push_str(rest);
    }
    rendered
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn every_name_is_replaced() {
        let values = [("a", "1"), ("b", "{{a}}")];
        assert_eq!(render("{{a}}-{{b}}-{{a}}.", &values), "1-{{a}}-1.");
    }

    #[test]
    #[should_panic(expected = "no value for `c`")]
    fn a_missing_value_is_an_error() {
        let _ = render("{{c}}", &[("a", "1")]);
    }
}
