//! The library as a test target: the tests inside it.

use super::{Kind, State, Target};
use crate::project::Project;
use crate::project::manifest::LibrarySection;
use crate::project::unit_tests::{self, UnitTests};

/// Finds out what becomes of the library's own tests; `None` if they are libtest's alone.
pub(super) fn find(project: &Project) -> Option<Target> {
    let library = project.library.as_ref()?;
    let tests = unit_tests::read(&library.path, &project.library_crates());
    let plain = unit_tests::shown(project, &tests.plain);
    Some(Target {
        name: library.name.clone(),
        path: project.shown(&library.path),
        kind: Kind::Library,
        state: state(project.manifest.library(), &tests, plain)?,
        serial: unit_tests::shown(project, &tests.serial),
    })
}

fn state(section: LibrarySection, tests: &UnitTests, plain: Vec<String>) -> Option<State> {
    match section.has_harness {
        true if tests.own.is_empty() => None,
        true if tests.has_main => Some(State::HarnessIsOn),
        true => Some(State::NoMain),
        false if !plain.is_empty() => Some(State::LosesTests(plain)),
        false if !tests.has_main => Some(State::NoMain),
        false if !section.is_tested => Some(State::NotTested),
        false => Some(State::Registered),
    }
}

#[cfg(test)]
mod tests {
    use super::{LibrarySection, State, UnitTests, state};
    use crate::project::unit_tests::Place;

    fn tests(own: usize, has_main: bool) -> UnitTests {
        let place = Place {
            path: "lib.rs".into(),
            line: 1,
            name: None,
        };
        UnitTests {
            own: vec![place; own],
            plain: Vec::new(),
            serial: Vec::new(),
            has_main,
        }
    }

    fn state_of(has_harness: bool, tests: &UnitTests, plain: &[&str]) -> Option<State> {
        let section = LibrarySection {
            has_harness,
            is_tested: true,
        };
        let plain = plain.iter().map(|&place| place.to_owned()).collect();
        state(section, tests, plain)
    }

    #[test]
    fn a_library_with_tests_of_libtest_only_is_no_target() {
        assert_eq!(state_of(true, &tests(0, false), &["a"]), None);
        assert_eq!(state_of(true, &tests(0, true), &[]), None);
    }

    #[test]
    fn tests_that_nobody_runs_are_seen() {
        assert_eq!(
            state_of(true, &tests(1, true), &[]),
            Some(State::HarnessIsOn)
        );
        assert_eq!(state_of(true, &tests(1, false), &[]), Some(State::NoMain));
        assert_eq!(state_of(false, &tests(0, false), &[]), Some(State::NoMain));
        let lost = State::LosesTests(vec!["a".to_owned()]);
        assert_eq!(state_of(false, &tests(1, true), &["a"]), Some(lost));
    }

    #[test]
    fn a_library_that_is_set_up_is_registered_with_and_without_tests() {
        assert_eq!(
            state_of(false, &tests(0, true), &[]),
            Some(State::Registered)
        );
        assert_eq!(
            state_of(false, &tests(2, true), &[]),
            Some(State::Registered)
        );
    }

    #[test]
    fn cargo_passes_over_a_library_that_is_not_tested() {
        let section = LibrarySection {
            has_harness: false,
            is_tested: false,
        };
        assert_eq!(
            state(section, &tests(1, true), vec![]),
            Some(State::NotTested)
        );
    }
}
