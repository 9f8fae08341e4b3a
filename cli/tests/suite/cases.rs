//! Each folder under `cases/` is a case: `in/` the project before, `cmd` the commands, `stdout`
//! and `stderr` what they print, `out/` the files that are new or changed afterwards.
//!
//! A file of `out/` that holds nothing but `...` may hold anything. After the last command that
//! command is run once more, and must change nothing. `SNAPSHOTS=overwrite` writes what is seen.

use std::fs;
use std::path::{Path, PathBuf};

use snapbox::{Assert, Data};

use crate::sandbox::{Sandbox, Tree, read_tree};

macro_rules! cases {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*

        #[test]
        fn every_folder_is_a_case() {
            let mut known = vec![$(stringify!($name)),*];
            known.sort_unstable();
            let folders = fs::read_dir(folder("")).unwrap();
            let names = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut names: Vec<String> = names.collect();
            names.sort_unstable();
            assert_eq!(names, known);
        }
    };
}

cases! {
    ci_check
    ci_github
    ci_github_one
    ci_gitlab
    ci_nextest_exists
    ci_refused
    doctor_attributes
    doctor_extension_module
    doctor_fix_features
    doctor_healthy
    doctor_module_files
    doctor_optional_pyo3
    doctor_pyo3_asyncio
    doctor_resolver_1
    doctor_resolver_1_in_a_workspace
    doctor_serial
    doctor_sick
    doctor_testing_is_shipped
    doctor_two_versions
    doctor_unit_tests
    doctor_verbose
    doctor_without_the_library
    doctor_workspace
    init_async_std
    init_bad_name
    init_beside_an_old_peer
    init_beside_the_peer
    init_broken_manifest
    init_broken_pyproject
    init_check
    init_comment_at_end
    init_comment_is_last
    init_crlf_and_bom
    init_default_member
    init_dependency_tables
    init_dotted_keys
    init_dry_run
    init_edition_2015
    init_entry_without_a_test
    init_extension_module
    init_extension_module_by_default
    init_extension_module_elsewhere
    init_extension_module_through_features
    init_file_exists
    init_file_without_a_test
    init_force
    init_fresh_crate
    init_git
    init_harness_is_on
    init_has_the_library
    init_inline_tables
    init_inline_tests
    init_lib
    init_lib_attributes
    init_lib_dry_run
    init_lib_is_set_up
    init_lib_loses_tests
    init_lib_migrate
    init_lib_missing_docs
    init_lib_module_in_a_file
    init_lib_module_in_places
    init_lib_module_in_private_file
    init_lib_module_re_exported
    init_lib_not_tested
    init_lib_without_library
    init_lib_without_module
    init_lib_workspace_lints
    init_manifest_below
    init_manifest_below_is_missing
    init_manifest_of_a_member
    init_migrate
    init_migrate_a_renamed_dependency
    init_migrate_does_not_parse
    init_migrate_from_the_workspace
    init_migrate_pyo3_asyncio
    init_migrate_pyo3_asyncio_renamed
    init_mixed_line_endings
    init_name_is_registered_elsewhere
    init_name_is_taken
    init_no_manifest
    init_no_newline_at_end
    init_optional_pyo3
    init_path_elsewhere
    init_private_modules
    init_pyo3_asyncio
    init_pyo3_too_old
    init_renamed_packages
    init_resolver_1
    init_smol
    init_sorted_dependencies
    init_source_does_not_parse
    init_symlinked_manifest
    init_target_dev_dependencies
    init_unsorted_dependencies
    init_version_requirement
    init_virtual_workspace
    init_without_autotests
    init_without_pyo3
    init_without_targets
    init_workspace_dependencies
    list_nothing
    list_states
    list_workspace
    new_bad_names
    new_name_is_taken
    new_registers_a_file
    new_test
    usage
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/cases")
        .join(name)
}

fn check(name: &str) {
    let case = folder(name);
    let sandbox = Sandbox::new(&case.join("in"));
    let commands = fs::read_to_string(case.join("cmd")).unwrap();
    let (mut stdout, mut stderr) = (String::new(), String::new());
    for command in commands.lines() {
        let output = sandbox.run(command);
        stdout += &output.stdout;
        stderr += &format!("$ {command}\n{}", output.stderr);
        if output.code != 0 {
            stderr += &format!("? {}\n", output.code);
        }
    }
    compare(&stdout, &case.join("stdout"));
    compare(&stderr, &case.join("stderr"));
    let after = sandbox.tree();
    compare_trees(&case, &after);
    sandbox.run(commands.lines().last().unwrap());
    assert_eq!(sandbox.tree(), after, "the second run changes something");
}

fn compare(actual: &str, expected: &Path) {
    if is_overwriting() {
        return overwrite(actual, expected);
    }
    let expected = fs::read_to_string(expected).unwrap_or_default();
    Assert::new().eq(Data::text(actual), Data::text(expected));
}

fn compare_trees(case: &Path, after: &Tree) {
    let before = read_tree(&case.join("in"));
    for name in before.keys() {
        assert!(after.contains_key(name), "{name} is gone");
    }
    let changed = after
        .iter()
        .filter(|(name, text)| before.get(*name) != Some(text));
    let changed: Tree = changed
        .map(|(name, text)| (name.clone(), text.clone()))
        .collect();
    if is_overwriting() {
        return overwrite_tree(case, &changed);
    }
    let expected = read_tree(&case.join("out"));
    let names = |tree: &Tree| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&changed), names(&expected), "new and changed files");
    for (name, text) in changed
        .iter()
        .filter(|(name, _)| expected[*name] != "...\n")
    {
        Assert::new().eq(
            Data::text(text.as_str()),
            Data::text(expected[name].as_str()).raw(),
        );
        assert_eq!(
            text, &expected[name],
            "{name} differs in line endings or blanks"
        );
    }
}

fn is_overwriting() -> bool {
    std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite")
}

fn overwrite(actual: &str, expected: &Path) {
    let known = fs::read_to_string(expected).unwrap_or_default();
    if Assert::new()
        .try_eq(None, Data::text(actual), Data::text(known))
        .is_err()
    {
        fs::write(expected, actual).unwrap();
    }
}

fn overwrite_tree(case: &Path, changed: &Tree) {
    let out = case.join("out");
    let known = read_tree(&out);
    for name in known.keys().filter(|name| !changed.contains_key(*name)) {
        fs::remove_file(out.join(name)).unwrap();
    }
    for (name, text) in changed {
        if known.get(name).is_some_and(|known| known == "...\n") {
            continue;
        }
        fs::create_dir_all(out.join(name).parent().unwrap()).unwrap();
        fs::write(out.join(name), text).unwrap();
    }
}
