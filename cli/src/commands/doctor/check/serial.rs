//! The check of tests that must run alone.

use super::{Finding, Level};
use crate::commands::doctor::inspection::Inspection;
use crate::project::nextest::{NextestConfig, PATH};

const CHECK: &str = "serial";
/// The number of tests that the message names.
const NAMED: usize = 3;

/// Checks tests with `serial` under cargo-nextest. The harness runs them alone within one process, and cargo-nextest starts
/// a process for each test.
pub(super) fn check(inspection: &Inspection<'_>) -> Option<Finding> {
    let targets = inspection.targets.iter();
    let tests: Vec<&str> = targets
        .flat_map(|target| &target.serial)
        .map(|test| test.location.as_str())
        .collect();
    let level = match inspection.nextest_config {
        _ if tests.is_empty() => return None,
        NextestConfig::SeparatesSome => {
            let message = format!("{PATH} separates tests");
            return Some(Finding::ok(CHECK, message).with_sources(PATH));
        }
        NextestConfig::SeparatesNone => Level::Warning,
        // Without cargo-nextest there is nothing to do.
        NextestConfig::Absent if inspection.machine.nextest.is_none() => Level::Note,
        NextestConfig::Absent => Level::Warning,
    };
    let message = format!(
        "cargo-nextest starts a process for each test, so it runs these beside others: {}",
        names(&tests)
    );
    let help = format!(
        "for cargo-nextest put them into a group in {PATH}: `[test-groups]` with \
         `serial = {{ max-threads = 1 }}`, and `[[profile.default.overrides]]` with \
         `filter = 'test(NAME)'` and `test-group = \"serial\"`; `threads-required = \
         \"num-test-threads\"` there stops all other tests meanwhile"
    );
    Some(Finding::new(CHECK, level, message, help).with_sources(PATH))
}

fn names(tests: &[&str]) -> String {
    match tests.len().checked_sub(NAMED) {
        None | Some(0) => tests.join(", "),
        Some(more) => format!("{} and {more} more", tests[..NAMED].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_few_are_named() {
        assert_eq!(names(&["a", "b", "c"]), "a, b, c");
        assert_eq!(names(&["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
    }
}
