//! Reports for machines have standard output for themselves, whatever Python code prints.

use pyo3::prelude::*;

use crate::rerun::{Run, SUBJECT};

crate::by_hand::tests!(
    json_stands_alone_whatever_python_prints,
    junit_stands_alone_whatever_python_prints,
    json_stands_alone_with_a_main_function_of_ones_own,
);

/// The value of `SUBJECT` with which the subject has a main function of its own that awaits the harness.
pub(crate) const OWN_MAIN: &str = "own main";

const WAYS: [&str; 4] = ["", "--nocapture", "--isolate", "--isolate --nocapture"];

/// Runs the tests that print by all ways, in a report of this format.
fn run(format: &str, way: &str) -> Run {
    let run = Run::new(&format!("descriptors:: --format {format} {way}"));
    assert_eq!(run.status, Some(0), "{way}: {run:#?}");
    run
}

/// Asserts that every line is JSON.
fn assert_json(run: &Run) {
    let parsed = Python::attach(|py| {
        let loads = py.import("json")?.getattr("loads")?;
        let mut lines = run.stdout.lines();
        lines.try_for_each(|line| loads.call1((line,)).map(drop))
    });
    parsed.unwrap_or_else(|error: PyErr| panic!("{error}: {run:#?}"));
}

fn json_stands_alone_whatever_python_prints() {
    for way in WAYS {
        let run = run("json", way);
        assert_json(&run);
        assert_eq!(run.stdout.lines().count(), 2 + 2 * 2, "{way}: {run:#?}");
        let lines = run.stderr.lines();
        let children = lines.filter(|line| line.ends_with("by another child"));
        let is_captured = way == "--isolate";
        assert_eq!(
            children.count(),
            if is_captured { 0 } else { 2 },
            "{way}: {run:#?}"
        );
        if way.ends_with("--nocapture") {
            assert!(run.stderr.contains("by print\n"), "{way}: {run:#?}");
            assert!(run.stderr.contains("past the proxy\n"), "{way}: {run:#?}");
        }
    }
}

fn junit_stands_alone_whatever_python_prints() {
    for way in WAYS {
        let run = run("junit", way);
        let root = Python::attach(|py| {
            let etree = py.import("xml.etree.ElementTree")?;
            let root = etree.call_method1("fromstring", (&run.stdout,))?;
            root.getattr("tag")?.extract::<String>()
        });
        assert_eq!(root.unwrap(), "testsuites", "{way}: {run:#?}");
    }
}

/// Python holds back what it prints, until the harness returns.
fn json_stands_alone_with_a_main_function_of_ones_own() {
    let run = Run::with("descriptors:: --format json --nocapture", |command| {
        command.env(SUBJECT, OWN_MAIN);
    });
    assert_eq!(run.status, Some(0), "{run:#?}");
    assert_json(&run);
    assert!(run.stderr.contains("by print\n"), "{run:#?}");
}
