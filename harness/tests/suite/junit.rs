//! Documents of runs that ended early are not those of a success.

use std::fs;
use std::io::BufReader;

use crate::child::{ISOLATIONS, run};
use crate::files::scratch;
use crate::stop::{interrupted, kill_at_cue, listening};

crate::tests!(
    the_file_has_the_tests_that_a_failure_keeps_from_running,
    the_file_of_a_run_that_never_ended_is_not_that_of_another
    ; unix:
    the_file_of_a_run_that_ctrl_c_ended_is_not_green,
    the_document_of_a_run_that_ctrl_c_ended_is_not_green,
);

/// Asserts how many tests of a document came to what, by its counts and by its cases.
fn assert_counts(document: &str, tests: usize, counts: [(&str, &str, usize); 3]) {
    let document = roxmltree::Document::parse(document).unwrap();
    let named = |name: &'static str| {
        let nodes = document.descendants();
        nodes.filter(move |node| node.has_tag_name(name))
    };
    assert_eq!(named("testcase").count(), tests);
    let suite = named("testsuite").next().unwrap();
    assert_eq!(suite.attribute("tests"), Some(&*tests.to_string()));
    for (attribute, tag, count) in counts {
        assert_eq!(suite.attribute(attribute), Some(&*count.to_string()));
        let nodes = document.descendants();
        let elements = nodes.filter(|node| node.has_tag_name(tag));
        assert_eq!(elements.count(), count, "{tag}");
    }
}

fn the_file_of_a_run_that_ctrl_c_ended_is_not_green() {
    let path = scratch("interrupted.xml");
    for way in ISOLATIONS {
        for (filter, tests, failures) in [("_", 3, 1), ("_waits", 1, 0)] {
            let junit = ["--junit", path.to_str().unwrap(), filter];
            let args = [&["--nocapture", "--test-threads=1"], way, &junit].concat();
            interrupted("interrupted", &args, "ready\n");
            let document = fs::read_to_string(&path).unwrap();
            let (failures, waiting) = (("failures", "failure", failures), tests - 1 - failures);
            let counts = [
                failures,
                ("errors", "error", 1),
                ("skipped", "skipped", waiting),
            ];
            assert_counts(&document, tests, counts);
            assert!(
                document.contains("<error message=\"the run was interrupted while"),
                "{document}"
            );
        }
    }
}

fn the_document_of_a_run_that_ctrl_c_ended_is_not_green() {
    let args = ["--nocapture", "--test-threads=1", "--format=junit"];
    let mut child = listening("interrupted", &args);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    kill_at_cue(&child, &mut stderr, "ready\n");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let document = String::from_utf8(output.stdout).unwrap();
    let counts = [
        ("failures", "failure", 1),
        ("errors", "error", 1),
        ("skipped", "skipped", 1),
    ];
    assert_counts(&document, 3, counts);
}

fn the_file_has_the_tests_that_a_failure_keeps_from_running() {
    let path = scratch("ended-early.xml");
    let args = ["--fail-fast", "--test-threads=1", "--junit"];
    run(
        "interrupted",
        &[&args[..], &[path.to_str().unwrap()]].concat(),
    );
    let counts = [
        ("failures", "failure", 1),
        ("errors", "error", 0),
        ("skipped", "skipped", 2),
    ];
    assert_counts(&fs::read_to_string(&path).unwrap(), 3, counts);
}

fn the_file_of_a_run_that_never_ended_is_not_that_of_another() {
    let path = scratch("never-ended.xml");
    let junit = ["--junit", path.to_str().unwrap()];
    assert_eq!(run("passing", &junit).code, Some(0));
    assert!(path.exists());
    let crashed = run("crashing", &[&junit[..], &["b_aborts"]].concat());
    assert!(!matches!(crashed.code, Some(0 | 101)));
    assert!(!path.exists());
}
