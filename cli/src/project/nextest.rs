//! The configuration of cargo-nextest, as far as it separates tests that must not run at the same time.

use std::fs;
use std::path::Path;

use toml_edit::{DocumentMut, Item, TableLike};

/// The configuration file, relative to the workspace's root.
pub(crate) const PATH: &str = ".config/nextest.toml";

/// Whether the configuration separates tests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NextestConfig {
    /// There is no file.
    Absent,
    /// All tests may run at the same time.
    SeparatesNone,
    /// Some tests have a group, or need several threads; or there is one thread.
    SeparatesSome,
}

impl NextestConfig {
    /// Reads the file of a workspace. One that cannot be read separates no tests.
    pub(crate) fn read(root: &Path) -> Self {
        let path = root.join(PATH);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text),
            Err(_) if path.exists() => Self::SeparatesNone,
            Err(_) => Self::Absent,
        }
    }

    /// Parses the text of the file.
    pub(crate) fn parse(text: &str) -> Self {
        let document = text.parse::<DocumentMut>().unwrap_or_default();
        let profiles = document.get("profile").and_then(Item::as_table_like);
        let mut profiles = profiles.into_iter().flat_map(TableLike::iter);
        let is_separate = |profile: &Item| profile.as_table_like().is_some_and(separates);
        match profiles.any(|(_, profile)| is_separate(profile)) {
            true => Self::SeparatesSome,
            false => Self::SeparatesNone,
        }
    }
}

fn separates(profile: &dyn TableLike) -> bool {
    let has_one_thread = profile.get("test-threads").and_then(Item::as_integer) == Some(1);
    has_one_thread || needs_threads(profile) || has_override(profile)
}

fn needs_threads(settings: &dyn TableLike) -> bool {
    settings.contains_key("threads-required")
}

fn has_override(profile: &dyn TableLike) -> bool {
    let is_separate =
        |table: &dyn TableLike| table.contains_key("test-group") || needs_threads(table);
    match profile.get("overrides") {
        Some(Item::ArrayOfTables(tables)) => tables.iter().any(|table| is_separate(table)),
        Some(overrides) => {
            let tables = overrides.as_array().into_iter().flatten();
            let mut tables = tables.filter_map(|value| value.as_inline_table());
            tables.any(|table| is_separate(table))
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::NextestConfig;

    #[test]
    fn each_way_to_separate_tests_is_seen() {
        for text in [
            "[[profile.default.overrides]]\nfilter = 'test(a)'\ntest-group = 'serial'",
            "[[profile.ci.overrides]]\nfilter = 'test(a)'\nthreads-required = 'num-test-threads'",
            "[profile.default]\noverrides = [{ filter = 'test(a)', test-group = 'serial' }]",
            "[profile.default]\nthreads-required = 2",
            "profile.default.test-threads = 1",
        ] {
            assert_eq!(
                NextestConfig::parse(text),
                NextestConfig::SeparatesSome,
                "{text}"
            );
        }
    }

    #[test]
    fn other_settings_separate_none() {
        for text in [
            "",
            "not TOML",
            "[test-groups]\nserial = { max-threads = 1 }",
            "[profile.default]\nretries = 2\ntest-threads = 2",
            "[[profile.default.overrides]]\nfilter = 'test(a)'\nretries = 2",
        ] {
            assert_eq!(
                NextestConfig::parse(text),
                NextestConfig::SeparatesNone,
                "{text}"
            );
        }
    }
}
