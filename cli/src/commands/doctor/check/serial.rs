//! The check of tests that must not run at the same time.

use super::{Finding, Level};
use crate::commands::doctor::facts::Facts;
use crate::project::nextest::{Config, PATH};

const CHECK: &str = "serial";
/// How many tests are named.
const NAMED: usize = 3;

/// Tests with `serial`, which the harness keeps apart within its own processes only.
pub(super) fn check(facts: &Facts) -> Option<Finding> {
    let targets = facts.targets.iter();
    let places: Vec<&str> = targets
        .flat_map(|target| &target.serial)
        .map(String::as_str)
        .collect();
    let level = match facts.nextest_config {
        _ if places.is_empty() => return None,
        Config::KeepsSomeApart => {
            let message = format!("{PATH} keeps tests apart");
            return Some(Finding::ok(CHECK, message));
        }
        Config::KeepsNoneApart => Level::Warning,
        // Whoever does not use cargo-nextest has nothing to do.
        Config::Absent if facts.nextest.is_none() => Level::Note,
        Config::Absent => Level::Warning,
    };
    let message = format!(
        "cargo-nextest has a process for each test, so it runs these at the same time as others: {}",
        names(&places)
    );
    let help = format!(
        "for cargo-nextest put them into a group in {PATH}: `[test-groups]` with \
         `serial = {{ max-threads = 1 }}`, and `[[profile.default.overrides]]` with \
         `filter = 'test(NAME)'` and `test-group = \"serial\"`; `threads-required = \
         \"num-test-threads\"` there keeps all other tests away too"
    );
    Some(Finding::new(CHECK, level, message, help))
}

fn names(places: &[&str]) -> String {
    match places.len().checked_sub(NAMED) {
        None | Some(0) => places.join(", "),
        Some(more) => format!("{} and {more} more", places[..NAMED].join(", ")),
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
