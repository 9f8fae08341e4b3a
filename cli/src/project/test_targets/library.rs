//! The library as a test target: the tests inside it.

use super::{Kind, State, Target};
use crate::project::Project;
use crate::project::manifest::LibrarySection;
use crate::project::rust::TestFunctions;

/// Returns the library as a target; `None` if all of its tests are libtest's.
pub(super) fn find(project: &Project) -> Option<Target> {
    let library = project.library.as_ref()?;
    let tests = library.source.test_functions(&project.library_crates());
    let plain = project.show_tests(&tests.plain);
    Some(Target {
        name: library.name.clone(),
        path: project.shown(&library.path),
        kind: Kind::Library,
        state: state(
            project.manifest.library(),
            library.source.has_main(),
            &tests,
            plain,
        )?,
        modules: super::modules(&library.source),
        serial: super::show_serial(project, &tests.serial),
    })
}

fn state(
    section: LibrarySection,
    has_main: bool,
    tests: &TestFunctions,
    plain: Vec<String>,
) -> Option<State> {
    match section.has_harness {
        true if tests.own.is_empty() => None,
        true if has_main => Some(State::HarnessIsOn),
        true => Some(State::NoMain),
        false if !plain.is_empty() => Some(State::NeverRun(plain)),
        false if !has_main => Some(State::NoMain),
        false if !section.is_tested => Some(State::NotTested),
        false => Some(State::Registered),
    }
}

#[cfg(test)]
mod tests {
    use super::{LibrarySection, State, TestFunctions, state};
    use crate::project::rust::TestLocation;

    fn tests(own: usize) -> TestFunctions {
        let location = TestLocation {
            path: "lib.rs".into(),
            line: 1,
            name: None,
        };
        TestFunctions {
            own: vec![location; own],
            ..TestFunctions::default()
        }
    }

    fn state_of(
        has_harness: bool,
        (own, has_main): (usize, bool),
        plain: &[&str],
    ) -> Option<State> {
        let section = LibrarySection {
            has_harness,
            is_tested: true,
            has_rlib_last: false,
        };
        let plain = plain.iter().map(|&test| test.to_owned()).collect();
        state(section, has_main, &tests(own), plain)
    }

    #[test]
    fn a_library_with_tests_of_libtest_only_is_no_target() {
        assert_eq!(state_of(true, (0, false), &["a"]), None);
        assert_eq!(state_of(true, (0, true), &[]), None);
    }

    #[test]
    fn tests_that_nobody_runs_are_seen() {
        assert_eq!(state_of(true, (1, true), &[]), Some(State::HarnessIsOn));
        assert_eq!(state_of(true, (1, false), &[]), Some(State::NoMain));
        assert_eq!(state_of(false, (0, false), &[]), Some(State::NoMain));
        let never_run = State::NeverRun(vec!["a".to_owned()]);
        assert_eq!(state_of(false, (1, true), &["a"]), Some(never_run));
    }

    #[test]
    fn a_library_that_is_set_up_is_registered_with_and_without_tests() {
        assert_eq!(state_of(false, (0, true), &[]), Some(State::Registered));
        assert_eq!(state_of(false, (2, true), &[]), Some(State::Registered));
    }

    #[test]
    fn cargo_passes_over_a_library_that_is_not_tested() {
        let section = LibrarySection {
            has_harness: false,
            is_tested: false,
            has_rlib_last: false,
        };
        assert_eq!(
            state(section, true, &tests(1), vec![]),
            Some(State::NotTested)
        );
    }
}
