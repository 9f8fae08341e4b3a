//! Workers fail alone.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use libtest_async::{Arguments, Trial};
use serde_json::Value;

use crate::child::{self, run, section};
use crate::files::scratch;
use crate::fixtures::FIFO;

crate::tests!(; unix:
    workers_need_no_file_of_the_program,
    workers_need_no_temporary_folder,
    a_worker_without_its_descriptors_fails_one_test_only,
    a_crash_fails_one_test_only,
    a_crash_keeps_its_output,
    children_of_tests_are_captured,
    every_trial_of_a_name_runs,
    the_first_process_runs_nothing,
    nextest_needs_no_workers,
    what_is_sent_ahead_keeps_its_output,
    every_test_is_said_to_start_before_it_ends,
    one_at_a_time_is_reported_in_order,
    what_waits_for_a_long_test_is_given_to_another_worker,
);

const CRASHES: [(&str, &str); 6] = [
    ("b_aborts", "note: child process exited with signal 6"),
    ("c_exits", "note: got unexpected return code 0"),
    ("d_exits_with_7", "note: got unexpected return code 7"),
    ("e_is_killed", "note: child process exited with signal 9"),
    ("i_segfaults", "note: child process exited with signal 11"),
    ("j_overflows", "note: child process exited with signal 6"),
];

fn a_crash_fails_one_test_only() {
    for threads in ["--test-threads=1", "--test-threads=3"] {
        let output = run("crashing", &["--isolate", threads]);
        for (name, note) in CRASHES {
            let line = format!("test {name} ... FAILED\n");
            assert!(output.stdout.contains(&line), "{}", output.stdout);
            assert!(
                section(&output.stdout, name).contains(note),
                "{}",
                output.stdout
            );
        }
        assert!(
            output.stdout.contains("2 passed; 9 failed;"),
            "{}",
            output.stdout
        );
        assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
    }
}

fn workers_need_no_temporary_folder() {
    let output = child::run_with("crashing", &["--isolate", "f_panics"], |command| {
        command.env("TMPDIR", "/dev/null/nowhere");
    });
    let shown = section(&output.stdout, "f_panics");
    let printed = "f_panics prints\nf_panics prints half a line\nthread 'f_panics' ";
    assert!(shown.starts_with(printed), "{shown}");
}

fn a_worker_without_its_descriptors_fails_one_test_only() {
    let lost = "the test closed or replaced file descriptors that its worker process needs";
    for threads in ["--test-threads=1", "--test-threads=3"] {
        let output = run("descriptors", &["--isolate", threads]);
        for (name, note) in [
            ("a_closes_all", lost),
            ("c_closes_files", lost),
            ("e_replaces_sockets", lost),
            ("g_shuts_down", "got unexpected return code 0"),
            (
                "i_leaves_a_child_behind",
                "child process exited with signal 6",
            ),
        ] {
            let shown = section(&output.stdout, name);
            assert_eq!(shown, format!("{name} prints\nnote: {note}"));
        }
        // The worker does not know, and may have run the next one before the parent sees it.
        let shown = section(&output.stdout, "k_writes_to_sockets");
        let note = "note: the test wrote to file descriptors that its worker process needs";
        assert!(shown.starts_with("k_writes_to_sockets prints\n"), "{shown}");
        assert!(shown.ends_with(note), "{shown}");
        let counts = "6 passed; 6 failed;";
        assert!(output.stdout.contains(counts), "{}", output.stdout);
        assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
    }
}

fn workers_need_no_file_of_the_program() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let copy = scratch("isolate-removed-suite");
    fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    let output = child::command_of(&copy, "removed", &["--isolate"])
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stdout);
    assert!(report.contains("2 passed; 0 failed;"), "{report}");
    assert!(!copy.exists());
}

fn a_crash_keeps_its_output() {
    let output = run("crashing", &["--isolate"]);
    for (name, _) in CRASHES {
        let printed = format!("{name} prints\n");
        assert!(
            section(&output.stdout, name).starts_with(&printed),
            "{}",
            output.stdout
        );
        assert_eq!(output.stdout.matches(&printed).count(), 1);
    }
    let panics = child::without_thread_ids(section(&output.stdout, "f_panics"));
    let expected = "f_panics prints\nf_panics prints half a line\nthread 'f_panics' panicked at ";
    assert!(panics.starts_with(expected), "{panics}");
}

fn children_of_tests_are_captured() {
    let output = run("crashing", &["--isolate", "g_starts_a_child"]);
    let shown = section(&output.stdout, "g_starts_a_child");
    assert!(shown.contains("a child prints\n"), "{shown}");
}

fn every_trial_of_a_name_runs() {
    let output = run(
        "crashing",
        &["--isolate", "--exact", "h_repeats", "--test-threads=1"],
    );
    assert!(
        output.stdout.contains("1 passed; 1 failed;"),
        "{}",
        output.stdout
    );
    assert_eq!(
        section(&output.stdout, "h_repeats"),
        "Error: the second of this name\n"
    );
}

fn the_first_process_runs_nothing() {
    let args = Arguments {
        isolate: true,
        ..Arguments::default()
    };
    // Under nextest there are no workers, and this process is the one that runs.
    let runs = std::env::var_os("NEXTEST").is_some();
    assert_eq!(args.would_run(&[Trial::test("a", || Ok(()))]), runs);
}

fn nextest_needs_no_workers() {
    let output = child::run_with(
        "crashing",
        &["--isolate", "--exact", "d_exits_with_7"],
        |command| {
            command.env("NEXTEST", "1");
        },
    );
    assert_eq!(output.code, Some(7), "{}", output.stdout);
}

fn what_is_sent_ahead_keeps_its_output() {
    for threads in ["--test-threads=1", "--test-threads=3"] {
        let output = run("many", &["--isolate", "--show-output", threads]);
        for number in (0..200).filter(|number| number % 50 != 40) {
            let name = format!("{number:03}");
            let expected = format!("{name} prints\n{name} half a line");
            let rest = match number {
                10 | 60 | 110 | 160 => format!("{}\n", "x".repeat(1 << 20)),
                20 | 70 | 120 | 170 => "Error: on purpose\n".to_owned(),
                _ => String::new(),
            };
            let shown = section(&output.stdout, &name);
            match number {
                // An abort takes along what std has in its buffer.
                130 => assert_eq!(
                    shown,
                    format!("{name} prints\nnote: child process exited with signal 6")
                ),
                _ => assert!(
                    shown.trim_end() == format!("{expected}{rest}").trim_end(),
                    "{name}"
                ),
            }
        }
        let counts = "191 passed; 5 failed; 4 ignored;";
        assert!(output.stdout.contains(counts), "{}", output.stdout);
        assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
    }
}

fn every_test_is_said_to_start_before_it_ends() {
    let output = run("many", &["--isolate", "--format=json", "--test-threads=2"]);
    let events: Vec<Value> = output
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|event: &Value| event["type"] == "test")
        .collect();
    let names: BTreeSet<_> = events
        .iter()
        .filter_map(|event| event["name"].as_str())
        .collect();
    assert_eq!((events.len(), names.len()), (400, 200));
    for name in names {
        let events = events.iter().filter(|event| event["name"] == name);
        let kinds: Vec<_> = events.map(|event| event["event"].as_str()).collect();
        assert_eq!(kinds[0], Some("started"), "{name}");
        assert_ne!(kinds[1], Some("started"), "{name}");
    }
}

fn one_at_a_time_is_reported_in_order() {
    let output = run("many", &["--isolate", "--test-threads=1"]);
    let lines = output.stdout.lines().skip(2).take(200);
    for (number, line) in lines.enumerate() {
        let result = match number {
            20 | 70 | 120 | 130 | 170 => "FAILED",
            40 | 90 | 140 | 190 => "ignored",
            _ => "ok",
        };
        assert_eq!(line, format!("test {number:03} ... {result}"));
    }
}

fn what_waits_for_a_long_test_is_given_to_another_worker() {
    let path = scratch("isolate-fifo");
    let made = Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let output = child::run_with("queued", &["--isolate", "--test-threads=2"], |command| {
        command.env(FIFO, &path);
    });
    assert!(output.stdout.contains("252 passed;"), "{}", output.stdout);
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
}
