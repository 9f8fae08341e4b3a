//! Workers fail alone.

use libtest_async::{Arguments, Failed, Trial};

use crate::child::{self, run, section};

pub(crate) fn trials() -> Vec<Trial> {
    let test = |name: &str, body: fn()| {
        Trial::test(format!("isolate::{name}"), move || {
            body();
            Ok::<(), Failed>(())
        })
    };
    vec![
        test("a_crash_fails_one_test_only", a_crash_fails_one_test_only),
        test("a_crash_keeps_its_output", a_crash_keeps_its_output),
        test(
            "children_of_tests_are_captured",
            children_of_tests_are_captured,
        ),
        test("every_trial_of_a_name_runs", every_trial_of_a_name_runs),
        test(
            "the_first_process_runs_nothing",
            the_first_process_runs_nothing,
        ),
        test("nextest_needs_no_workers", nextest_needs_no_workers),
    ]
}

const CRASHES: [(&str, &str); 4] = [
    ("b_aborts", "note: child process exited with signal 6"),
    ("c_exits", "note: got unexpected return code 0"),
    ("d_exits_with_7", "note: got unexpected return code 7"),
    ("e_is_killed", "note: child process exited with signal 9"),
];

fn a_crash_fails_one_test_only() {
    for fixture in ["crashing", "crashing_async"] {
        for threads in ["--test-threads=1", "--test-threads=3"] {
            let output = run(fixture, &["--isolate", threads]);
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
                output.stdout.contains("2 passed; 7 failed;"),
                "{}",
                output.stdout
            );
            assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
        }
    }
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
