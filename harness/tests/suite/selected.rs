//! Tags, parts and the order of tests.

use std::fs;

use crate::child::{ISOLATIONS, Output, run, run_with};
use crate::files::scratch;

crate::tests!(
    tags_select_beside_filters,
    the_variable_stands_for_the_option,
    an_unknown_tag_runs_nothing,
    a_list_for_machines_shows_tags,
    parts_have_every_test_once,
    failed_tests_run_first,
);

/// Returns the names of the tests that have passed, in their order.
fn passed(args: &[&str]) -> Vec<String> {
    names(&run("tagged", &[&["--test-threads=1"], args].concat()))
}

fn names(output: &Output) -> Vec<String> {
    let lines = output.stdout.lines();
    let names = lines.filter_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... ok"));
    names.map(str::to_owned).collect()
}

fn tags_select_beside_filters() {
    assert_eq!(passed(&["--tag", "db"]), ["a_db", "b_slow_db"]);
    assert_eq!(passed(&["--tag", "db and not slow"]), ["a_db"]);
    assert_eq!(passed(&["--tag", "not (db or slow)"]), ["d_plain"]);
    assert_eq!(passed(&["--tag", "db", "slow"]), ["b_slow_db"]);
    assert_eq!(passed(&["--tag", "slow", "--skip", "b_"]), ["c_slow"]);
    for isolation in ISOLATIONS {
        let args = [&["--tag", "slow"], isolation].concat();
        assert_eq!(passed(&args), ["b_slow_db", "c_slow"]);
    }
    let left_out = run("tagged", &["--tag", "db and not slow"]);
    let counts = "1 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out;";
    assert!(left_out.stdout.contains(counts), "{}", left_out.stdout);
}

fn the_variable_stands_for_the_option() {
    let with_variable = |args: &[&str], value: &str| {
        run_with("tagged", args, |command| {
            command.env("LIBTEST_ASYNC_TAG", value);
        })
    };
    let listed = with_variable(&["--list", "--format", "terse"], "db");
    assert_eq!(listed.stdout, "a_db: test\nb_slow_db: test\n");
    let listed = with_variable(&["--list", "--format", "terse", "--tag", "slow"], "db");
    assert_eq!(listed.stdout, "b_slow_db: test\nc_slow: test\n");
    let of_another_binary = with_variable(&["--list", "--format", "terse"], "elsewhere");
    assert_eq!(of_another_binary.stdout, "");
    assert_eq!(of_another_binary.code, Some(0));
    let malformed = with_variable(&[], "db and");
    let expected = "error: argument for LIBTEST_ASYNC_TAG must be tags with `and`, `or` and `not` (expected a tag, found the end)\n";
    assert_eq!(
        (malformed.stderr.as_str(), malformed.code),
        (expected, Some(101))
    );
}

fn an_unknown_tag_runs_nothing() {
    let expected = "error: unknown tag `fast` in --tag: the tests have the tags db, slow\n";
    for args in [
        &["--tag", "fast or db"][..],
        &["--tag", "not fast", "--isolate"],
        &["--tag", "fast", "--list"],
    ] {
        let output = run("tagged", args);
        let seen = (output.stdout.as_str(), output.stderr.as_str(), output.code);
        assert_eq!(seen, ("", expected, Some(101)), "{args:?}");
    }
}

fn a_list_for_machines_shows_tags() {
    let listed = run(
        "tagged",
        &["--list", "--format", "json", "-Z", "unstable-options"],
    );
    let tags = |name: &str| {
        let line = listed.stdout.lines().find(|line| line.contains(name));
        let line = line.unwrap_or_else(|| panic!("{}", listed.stdout));
        line.split_once("\"tags\": ")
            .map(|(_, tags)| tags.trim_end_matches(" }"))
    };
    assert_eq!(tags("b_slow_db"), Some("[\"slow\", \"db\"]"));
    assert_eq!(tags("d_plain"), None);
}

fn parts_have_every_test_once() {
    let part = |index: u32| passed(&["--shard", &format!("{index}/3")]);
    let parts = [part(1), part(2), part(3)];
    let mut all = parts.concat();
    all.sort();
    assert_eq!(all, ["a_db", "b_slow_db", "c_slow", "d_plain"]);
    for isolation in ISOLATIONS {
        let args = [&["--shard", "2/3"], isolation].concat();
        assert_eq!(passed(&args), parts[1]);
    }
    let wrong = run("tagged", &["--shard", "4/3"]);
    let expected = "error: argument for --shard must be a part and how many there are, such as 2/3 (was 4/3)\n";
    assert_eq!((wrong.stderr.as_str(), wrong.code), (expected, Some(101)));
}

fn failed_tests_run_first() {
    let folder = scratch("failed-first");
    fs::create_dir_all(&folder).unwrap();
    let order = |args: &[&str]| {
        let args = [&["--test-threads=1"], args].concat();
        let output = run_with("mixed", &args, |command| {
            command.env("LIBTEST_ASYNC_STATE_DIR", &folder);
        });
        let results = output.stdout.lines().filter_map(|line| {
            let (_, result) = line.strip_prefix("test ")?.split_once(" ... ")?;
            Some(result == "FAILED")
        });
        results.collect::<Vec<_>>()
    };
    let first = order(&["--failed-first"]);
    let is_failed_first = |order: &[bool]| order.is_sorted_by_key(|failed| !failed);
    assert!(!is_failed_first(&first), "nothing is known yet: {first:?}");
    let second = order(&["--failed-first"]);
    assert_eq!(second.len(), first.len());
    assert!(is_failed_first(&second), "{second:?}");
    assert_eq!(order(&[]), first);
}
