//! More than one run in a process, and what else of the process may ask for a run.

use std::fs;

use crate::child::{ISOLATIONS, Output, run, section};
use crate::files::scratch;

crate::tests!(
    workers_serve_every_run,
    a_test_may_run_others,
    files_have_every_run,
    the_waker_of_a_run_may_wait_for_its_state,
    the_waker_of_a_cancelled_test_may_wait_for_the_state_of_the_run
    ; unix:
    runs_may_overlap,
    a_run_that_workers_do_not_come_to_fails,
    a_test_cannot_isolate_others,
);

fn assert_both_ran(output: &Output) {
    for counts in ["2 passed; 0 failed;", "0 passed; 2 failed;"] {
        assert!(output.stdout.contains(counts), "{}", output.stdout);
    }
    for (name, error) in [
        ("b_fails", "Error: in the second run\n"),
        ("is_in_both", "Error: of the second run\n"),
    ] {
        assert_eq!(section(&output.stdout, name), error);
    }
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
}

fn workers_serve_every_run() {
    for threads in ["--test-threads=1", "--test-threads=3"] {
        for isolation in ISOLATIONS {
            assert_both_ran(&run("two_runs", &[&[threads], isolation].concat()));
        }
    }
}

fn runs_may_overlap() {
    for _ in 0..3 {
        assert_both_ran(&run("two_runs_at_once", &["--isolate"]));
    }
}

fn a_run_that_workers_do_not_come_to_fails() {
    let output = run("in_one_process_only", &["--isolate"]);
    let expected = "note: the worker process did not come to this run: got unexpected return code 0\n      it calls `main` as well, whose set-up has to succeed and which has to start the same runs there";
    assert_eq!(section(&output.stdout, "a_passes"), expected);
    let counts = "0 passed; 2 failed;";
    assert!(output.stdout.contains(counts), "{}", output.stdout);
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
}

fn a_test_may_run_others() {
    for isolation in ISOLATIONS {
        let args = [&["a_runs_others", "--test-threads=2"], isolation].concat();
        let output = run("run_within_a_test", &args);
        let line = "test a_runs_others ... ok\n";
        assert!(output.stdout.contains(line), "{}", output.stdout);
        assert_eq!(output.code, Some(0));
    }
}

fn a_test_cannot_isolate_others() {
    let output = run("run_within_a_test", &["b_isolates_others", "--show-output"]);
    let shown = section(&output.stdout, "b_isolates_others");
    let expected = "error: --isolate is of no use to a run within a test\n";
    assert_eq!(shown, expected);
    assert_eq!(output.code, Some(0));
}

fn files_have_every_run() {
    let (junit, log) = (scratch("runs.xml"), scratch("runs.log"));
    let args = [
        "--test-threads=1",
        "--junit",
        junit.to_str().unwrap(),
        "--logfile",
        log.to_str().unwrap(),
    ];
    run("two_runs", &args);
    let text = fs::read_to_string(junit).unwrap();
    let document = roxmltree::Document::parse(&text).unwrap();
    let counts = |tag| {
        let nodes = document.descendants().filter(|node| node.has_tag_name(tag));
        let number =
            |node: &roxmltree::Node<'_, '_>, name| node.attribute(name).unwrap().to_owned();
        nodes
            .map(|node| (number(&node, "tests"), number(&node, "failures")))
            .collect::<Vec<_>>()
    };
    let expected = |numbers: &[(&str, &str)]| {
        let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        numbers.iter().map(owned).collect::<Vec<_>>()
    };
    assert_eq!(counts("testsuites"), expected(&[("4", "2")]));
    assert_eq!(counts("testsuite"), expected(&[("2", "0"), ("2", "2")]));
    assert_eq!(
        fs::read_to_string(log).unwrap(),
        "ok a_passes\nok is_in_both\nfailed b_fails\nfailed is_in_both\n"
    );
}

fn the_waker_of_a_run_may_wait_for_its_state() {
    let output = run("waker_of_a_run", &[]);
    assert!(output.stdout.contains("1 passed;"), "{}", output.stdout);
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
}

fn the_waker_of_a_cancelled_test_may_wait_for_the_state_of_the_run() {
    let output = run("waker_of_a_cancelled_test", &[]);
    assert!(
        output.stdout.contains("test result: INTERRUPTED."),
        "{}",
        output.stdout
    );
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
}
