//! Reports for machines, read by parsers.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::child::{ISOLATIONS, run, run_with};

crate::tests!(
    every_line_of_json_is_an_object,
    a_json_listing_escapes_reasons,
    junit_on_standard_output_is_xml,
    a_junit_file_is_complete,
    a_junit_folder_has_a_file_for_each_binary,
    the_slowest_tests_are_listed_on_demand,
    failures_are_annotated_in_github_actions,
    annotations_are_not_read_from_what_a_test_prints,
    files_are_named_from_the_root_of_the_repository,
    what_failed_last_can_be_run_alone
    ; unix:
    a_full_disk_is_an_error,
);

/// Returns a path that no other test uses.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    let _ = fs::remove_file(&path);
    path
}

fn events(fixture: &str, args: &[&str]) -> Vec<Value> {
    let output = run(fixture, args);
    let lines = output.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
        .collect()
}

fn every_line_of_json_is_an_object() {
    let events = events(
        "awkward",
        &["--format", "json", "--include-ignored", "--test-threads=1"],
    );
    assert_eq!(events[0]["test_count"], 4);
    let failed = events
        .iter()
        .find(|event| event["event"] == "failed")
        .unwrap();
    assert_eq!(failed["name"], "a \"quoted\"\nname");
    assert!(
        failed["stdout"]
            .as_str()
            .unwrap()
            .contains("]]> <?xml & \u{1b}[31m"),
        "{failed}"
    );
    assert_eq!(events.last().unwrap()["failed"], 3);
}

fn a_json_listing_escapes_reasons() {
    let events = events("awkward", &["--list", "--format", "json"]);
    let reasons: Vec<_> = events
        .iter()
        .filter_map(|event| event["ignore_message"].as_str())
        .collect();
    assert!(reasons.contains(&"why \"not\"\n?"), "{reasons:?}");
    assert_eq!(events.last().unwrap()["total"], 4);
}

fn junit_on_standard_output_is_xml() {
    let output = run("awkward", &["--format", "junit"]);
    let document = roxmltree::Document::parse(&output.stdout).unwrap();
    let messages: Vec<_> = document
        .descendants()
        .filter_map(|node| node.attribute("message"))
        .collect();
    // libtest itself stops at a message of several lines.
    assert!(
        messages
            .iter()
            .any(|message| message.contains("did not contain")),
        "{messages:?}"
    );
    assert_eq!(output.code, Some(101));
}

fn a_junit_file_is_complete() {
    let path = scratch("junit-file/report.xml");
    let output = run("awkward", &["--junit", path.to_str().unwrap()]);
    assert!(
        output.stdout.starts_with("\nrunning 4 tests\n"),
        "{}",
        output.stdout
    );
    let text = fs::read_to_string(path).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let suite = document
        .descendants()
        .find(|node| node.has_tag_name("testsuite"))
        .unwrap();
    for (name, count) in [
        ("tests", "4"),
        ("failures", "3"),
        ("skipped", "1"),
        ("errors", "0"),
    ] {
        assert_eq!(suite.attribute(name), Some(count), "{name}");
    }
    let cases = document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"));
    let case = cases
        .into_iter()
        .find(|case| case.attribute("name") == Some("nested"))
        .unwrap();
    assert_eq!(case.attribute("classname"), Some("suite::in::modules"));
    let failure = case
        .children()
        .find(|node| node.has_tag_name("failure"))
        .unwrap();
    assert_eq!(
        failure.attribute("message"),
        Some("Error: ]]> <?xml & \u{fffd}[31m")
    );
}

fn a_junit_folder_has_a_file_for_each_binary() {
    let folder = scratch("junit-folder");
    let args = ["--junit", folder.to_str().unwrap()];
    run("passing", &args);
    // Cargo tells tests which package they belong to; others may have a suite of this name.
    run_with("mixed", &args, |command| {
        command.env("CARGO_PKG_NAME", "other");
    });
    for (file, tests) in [("suite.xml", 2), ("other.suite.xml", 12)] {
        let text = fs::read_to_string(folder.join(file)).unwrap();
        assert!(text.contains(&format!("tests=\"{tests}\"")), "{text}");
    }
}

fn the_slowest_tests_are_listed_on_demand() {
    let output = run("passing", &["--durations", "1", "--test-threads=1"]);
    let (_, list) = output
        .stdout
        .split_once("\n\nslowest 1 test:\n    0.")
        .unwrap();
    assert!(
        list.ends_with("s a\n\n") || list.ends_with("s b\n\n"),
        "{list}"
    );
}

fn a_full_disk_is_an_error() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    for (args, message) in [
        (&[][..], "error: io error when listing tests: "),
        (&["--help"], "error: the help text cannot be printed: "),
    ] {
        let output = run_with("passing", args, |command| {
            command.stdout(fs::File::create("/dev/full").unwrap());
        });
        assert!(output.stderr.starts_with(message), "{}", output.stderr);
        assert_eq!(output.code, Some(101));
    }
}

fn failures_are_annotated_in_github_actions() {
    let annotated = |args: &[&str], name: &'static str, value: &'static str| {
        let output = run_with("mixed", args, |command| {
            command.env("GITHUB_ACTIONS", "true").env(name, value);
        });
        let lines = output
            .stdout
            .lines()
            .filter(|line| line.starts_with("::"))
            .map(str::to_owned);
        lines.collect::<Vec<_>>()
    };
    let lines = annotated(&["--test-threads=1"], "CI", "true");
    assert_eq!(lines.len(), 6, "{lines:#?}");
    assert_eq!(lines[1], "::error title=test displays failed::Error: text");
    let panic = lines
        .iter()
        .find(|line| line.ends_with("::with a text"))
        .unwrap();
    assert!(
        panic.starts_with("::error file=harness/tests/suite/fixtures.rs,line="),
        "{panic}"
    );
    assert!(panic.contains(",title=test panics failed::"), "{panic}");
    assert_eq!(annotated(&["--list"], "CI", "true"), [""; 0]);
    assert_eq!(annotated(&["--format=json"], "CI", "true"), [""; 0]);
    assert_eq!(annotated(&[], "NEXTEST", "1"), [""; 0]);
}

fn annotations_are_not_read_from_what_a_test_prints() {
    for isolation in ISOLATIONS {
        let args = [&["--test-threads=1"], isolation].concat();
        let output = run_with("prints_a_panic", &args, |command| {
            command.env("GITHUB_ACTIONS", "true");
        });
        let lines = output.stdout.lines().filter(|line| line.starts_with("::"));
        let expected = [
            "::error title=test fails failed::Error: on purpose",
            "::error file=harness/tests/suite/fixtures/hostile.rs,line=",
        ];
        let lines: Vec<&str> = lines.collect();
        assert_eq!(lines[0], expected[0], "{lines:#?}");
        assert!(lines[1].starts_with(expected[1]), "{lines:#?}");
        assert!(lines[1].ends_with("::its own%0Aand more"), "{lines:#?}");
    }
}

/// The root is what GitHub says, or else what git has.
fn files_are_named_from_the_root_of_the_repository() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = package.join("tests/suite");
    let junit = scratch("named.xml");
    let has_git = |folder: &&Path| folder.join(".git").exists();
    let checked_out = package.ancestors().find(has_git);
    let cases = [
        (Some(package), Some(package)),
        (Some(&sources), checked_out),
        (None, checked_out),
    ];
    for (workspace, root) in cases {
        let Some(root) = root else { continue };
        let args = ["--test-threads=1", "--junit", junit.to_str().unwrap()];
        let output = run_with("fails_elsewhere", &args, |command| {
            command.env("GITHUB_ACTIONS", "true").current_dir("/");
            command.env("CARGO_MANIFEST_DIR", package);
            workspace.map(|folder| command.env("GITHUB_WORKSPACE", folder));
        });
        let file = sources.join("fixtures/hostile.rs");
        let file = file.strip_prefix(root).unwrap().display();
        let file = file.to_string().replace('\\', "/");
        let lines = output.stdout.lines().filter(|line| line.starts_with("::"));
        let lines: Vec<_> = lines.collect();
        let start = format!("::error file={file},line=");
        assert!(lines[0].starts_with(&start), "{lines:#?}");
        let own = format!("{start}7,title=test b_panics_in_std failed::");
        assert!(lines[1].starts_with(&own), "{lines:#?}");
        let document = fs::read_to_string(&junit).unwrap();
        let attributes = format!(" file=\"{file}\" line=\"7\">");
        assert!(document.contains(&attributes), "{document}");
    }
}

fn what_failed_last_can_be_run_alone() {
    let folder = scratch("last-failed");
    fs::create_dir_all(&folder).unwrap();
    let count = |fixture: &str, args: &[&str]| {
        let output = run_with(fixture, args, |command| {
            command.env("LIBTEST_ASYNC_STATE_DIR", &folder);
        });
        let line = output.stdout.lines().nth(1).unwrap_or_default().to_owned();
        line.trim_start_matches("running ")
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(
        count("mixed", &["--last-failed"]),
        "12",
        "nothing is known yet"
    );
    assert_eq!(count("mixed", &["--last-failed"]), "6");
    assert_eq!(count("mixed", &["passes"]), "2");
    assert_eq!(count("mixed", &["--last-failed", "--skip", "errs"]), "5");
    for isolation in ISOLATIONS {
        let args = [&["--last-failed"], isolation].concat();
        assert_eq!(count("mixed", &args), "6");
    }
    // Whoever looks for the newest file of a binary's name is to find the binary.
    let files = fs::read_dir(&folder).unwrap();
    let names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(
        names[0].to_str().unwrap().starts_with(".suite-"),
        "{names:?}"
    );
}
