//! The configuration of cargo-nextest: the profile `ci`, and the group of tests that run alone.

use std::path::Path;

use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, value};

use super::Error;
use crate::project::Project;
use crate::project::manifest::{self, Manifest};
use crate::project::nextest::{NextestConfig, PATH};
use crate::project::test_targets::{self, Kind, State};

/// The profile that the workflow names.
const PROFILE: &str = "ci";
const GROUP: &str = "serial";
/// The comment above the override that this keeps up to date.
const MARK: &str =
    "# Kept up to date by `cargo pyo3-async-test ci`: the tests with `serial`, which run alone.";

/// The configuration as it will be.
#[derive(Debug)]
pub(super) struct Edited {
    pub(super) text: String,
    pub(super) notes: Vec<String>,
}

/// Adds to the configuration whatever the workflow needs and it does not have.
pub(super) fn edit(projects: &[Project], present: Option<&str>) -> Result<Edited, Error> {
    let (serial, notes) = serial_tests(projects);
    let text = edit_text(present.unwrap_or_default(), &serial)?;
    Ok(Edited { text, notes })
}

fn edit_text(present: &str, serial: &[String]) -> Result<String, Error> {
    let mut file =
        Manifest::parse(Path::new(PATH), present.to_owned()).map_err(|error| unparsable(&error))?;
    let document = file.document_mut();
    add_profile(document);
    match find_override(document) {
        Some((overrides, index)) if serial.is_empty() => drop(overrides.remove(index)),
        Some((overrides, index)) => set_filter(overrides, index, &serial.join(" | ")),
        // Overrides of the user's may separate these tests already.
        None if serial.is_empty()
            || NextestConfig::parse(present) == NextestConfig::SeparatesSome => {}
        None => add_override(document, &serial.join(" | ")),
    }
    Ok(file.render())
}

fn unparsable(error: &manifest::Error) -> Error {
    let source = std::error::Error::source(error);
    Error::Nextest {
        path: PATH,
        reason: source.map_or_else(|| error.to_string(), ToString::to_string),
    }
}

/// Returns a filter for each test with `serial`, and a note for those whose names are not known.
fn serial_tests(projects: &[Project]) -> (Vec<String>, Vec<String>) {
    let (mut filters, mut notes) = (Vec::new(), Vec::new());
    for project in projects {
        for target in test_targets::all(project) {
            let binary = match target.kind {
                Kind::Library => project.name.clone(),
                Kind::Test => format!("{}::{}", project.name, target.name),
            };
            let is_run = !matches!(target.state, State::NotRegistered | State::NoMain);
            for test in target.serial.iter().filter(|_| is_run) {
                match &test.function {
                    // A test of rstest has its cases in a module of its name.
                    Some(name) => {
                        let name = name.trim_start_matches("r#");
                        filters.push(format!("(binary_id(={binary}) & test(/(^|::){name}($|::)/))"));
                    }
                    None => notes.push(format!(
                        "{}: the names of its tests are not in the source, so put them into a group in {PATH} yourself",
                        test.location
                    )),
                }
            }
        }
    }
    (filters, notes)
}

/// Returns a table by its path. Tables that are missing are made; one that stays empty is not written.
fn table<'a>(document: &'a mut DocumentMut, path: &[&str]) -> Option<&'a mut dyn TableLike> {
    let mut next: &mut dyn TableLike = document.as_table_mut();
    for key in path {
        let mut made = Table::new();
        made.set_implicit(true);
        let entry = next.entry(key).or_insert(Item::Table(made));
        next = entry.as_table_like_mut()?;
    }
    Some(next)
}

fn add_profile(document: &mut DocumentMut) {
    if let Some(profile) = table(document, &["profile", PROFILE]) {
        if !profile.contains_key("fail-fast") && !profile.contains_key("max-fail") {
            profile.insert("fail-fast", value(false));
        }
    }
    if let Some(junit) = table(document, &["profile", PROFILE, "junit"]) {
        // The workflow collects the file of this name.
        if junit.get("path").and_then(Item::as_str) != Some("junit.xml") {
            junit.insert("path", value("junit.xml"));
        }
    }
}

/// Finds the override below [`MARK`].
fn find_override(document: &mut DocumentMut) -> Option<(&mut ArrayOfTables, usize)> {
    // `Item::get_mut` would insert what is missing.
    let profiles = document.get_mut("profile")?.as_table_like_mut()?;
    let profile = profiles.get_mut("default")?.as_table_like_mut()?;
    let overrides = profile.get_mut("overrides")?.as_array_of_tables_mut()?;
    let is_ours = |table: &Table| {
        let prefix = table.decor().prefix().and_then(|prefix| prefix.as_str());
        prefix.is_some_and(|prefix| prefix.contains(MARK))
    };
    let index = overrides.iter().position(is_ours)?;
    Some((overrides, index))
}

fn set_filter(overrides: &mut ArrayOfTables, index: usize, filter: &str) {
    let Some(table) = overrides.get_mut(index) else {
        return;
    };
    if table.get("filter").and_then(Item::as_str) != Some(filter) {
        table.insert("filter", value(filter));
    }
}

fn add_override(document: &mut DocumentMut, filter: &str) {
    if let Some(groups) = table(document, &["test-groups"]) {
        if !groups.contains_key(GROUP) {
            let mut group = InlineTable::new();
            group.insert("max-threads", 1.into());
            groups.insert(GROUP, value(group));
        }
    }
    let mut made = Table::new();
    made.insert("filter", value(filter));
    made.insert("test-group", value(GROUP));
    // The group keeps its tests apart from each other, and this from all others.
    made.insert("threads-required", value("num-test-threads"));
    made.decor_mut().set_prefix(format!("\n{MARK}\n"));
    if let Some(profile) = table(document, &["profile", "default"]) {
        let overrides = profile
            .entry("overrides")
            .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        if let Some(overrides) = overrides.as_array_of_tables_mut() {
            overrides.push(made);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::edit_text;

    const NEW: &str = r#"[profile.ci]
fail-fast = false

[profile.ci.junit]
path = "junit.xml"
"#;

    fn edited(present: &str, serial: &[&str]) -> String {
        let serial: Vec<String> = serial.iter().map(|filter| (*filter).to_owned()).collect();
        let text = edit_text(present, &serial).unwrap();
        assert_eq!(
            edit_text(&text, &serial).unwrap(),
            text,
            "a second run changes something"
        );
        text
    }

    #[test]
    fn a_new_file_has_the_profile_and_the_group() {
        assert_eq!(edited("", &[]), NEW);
        let with_group = edited("", &["test(a)", "test(b)"]);
        let end = r#"
# Kept up to date by `cargo pyo3-async-test ci`: the tests with `serial`, which run alone.
[[profile.default.overrides]]
filter = "test(a) | test(b)"
test-group = "serial"
threads-required = "num-test-threads"

[test-groups]
serial = { max-threads = 1 }
"#;
        assert_eq!(with_group, format!("{NEW}{end}"));
        assert!(edited(&with_group, &["test(c)"]).contains("\nfilter = \"test(c)\"\n"));
        assert!(!edited(&with_group, &[]).contains("overrides"));
    }

    #[test]
    fn settings_of_the_user_s_stay() {
        let text = "# mine\n[profile.ci]\nmax-fail = 3 # few\n\n[profile.default]\nretries = 2\n";
        let with = edited(text, &["test(a)"]);
        assert!(
            with.starts_with("# mine\n[profile.ci]\nmax-fail = 3 # few\n"),
            "{with}"
        );
        assert!(with.contains("[profile.default]\nretries = 2\n"), "{with}");
        assert!(!with.contains("fail-fast"), "{with}");
        let separated = "[[profile.default.overrides]]\nfilter = 'test(a)'\ntest-group = 'own'\n";
        let with = edited(separated, &["test(a)"]);
        assert!(!with.contains("serial"), "{with}");
    }

    #[test]
    fn a_file_that_does_not_parse_is_refused() {
        let message = edit_text("[profile", &[]).unwrap_err().to_string();
        assert!(
            message.starts_with("cannot parse `.config/nextest.toml`"),
            "{message}"
        );
    }
}
