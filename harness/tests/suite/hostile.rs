//! Tests that do to the harness what none should, and what comes of it.

use libtest_async::{Failed, Trial};

use crate::child::{run, section};

pub(crate) fn trials() -> Vec<Trial> {
    let cases: [(&str, fn()); 4] = [
        ("kinds_do_not_mix_in_workers", kinds_do_not_mix_in_workers),
        ("no_worker_outlives_the_run", no_worker_outlives_the_run),
        ("a_payload_may_panic", a_payload_may_panic),
        (
            "there_are_no_more_workers_than_tests",
            there_are_no_more_workers_than_tests,
        ),
    ];
    let trial = |(name, body): (&str, fn())| {
        Trial::test(format!("hostile::{name}"), move || {
            body();
            Ok::<(), Failed>(())
        })
    };
    cases.into_iter().map(trial).collect()
}

fn kinds_do_not_mix_in_workers() {
    let output = run("kinds", &["--isolate", "--test-threads=1"]);
    for line in [
        "test [a] x ... ok\n",
        "test [a] y ... ok\n",
        "test [b] x ... FAILED\n",
    ] {
        assert!(output.stdout.contains(line), "{}", output.stdout);
    }
    assert_eq!(section(&output.stdout, "[b] x"), "Error: of kind b\n");
    assert_eq!(output.code, Some(101));
}

/// So many workers start that the first one is through before the last one has started.
fn no_worker_outlives_the_run() {
    for _ in 0..3 {
        let output = run(
            "one_fails_many_block",
            &["-x", "--isolate", "--test-threads=64"],
        );
        assert!(
            output.stdout.contains("0 passed; 1 failed;"),
            "{}",
            output.stdout
        );
        assert_eq!(output.code, Some(101));
    }
}

fn a_payload_may_panic() {
    for threads in ["--test-threads=1", "--test-threads=3"] {
        let output = run("payloads", &[threads]);
        for name in ["a_panics", "b_panics"] {
            let line = format!("test {name} ... FAILED\n");
            assert!(output.stdout.contains(&line), "{}", output.stdout);
            let shown = section(&output.stdout, name);
            assert!(shown.contains("\ndropped\n"), "{shown}");
        }
        let counts = "1 passed; 2 failed;";
        assert!(output.stdout.contains(counts), "{}", output.stdout);
        assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
    }
}

fn there_are_no_more_workers_than_tests() {
    for threads in [usize::MAX.to_string(), "100000".to_owned()] {
        let output = run("passing", &["--isolate", "--test-threads", &threads]);
        assert!(output.stdout.contains("2 passed;"), "{}", output.stdout);
        assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
    }
}
