//! Tests, and runs, that are ended early.

use libtest_async::{Failed, Trial};

use crate::child::{run, section};

pub(crate) fn trials() -> Vec<Trial> {
    let test = |name: &str, body: fn()| {
        Trial::test(format!("stop::{name}"), move || {
            body();
            Ok::<(), Failed>(())
        })
    };
    vec![
        test(
            "a_test_that_takes_too_long_fails",
            a_test_that_takes_too_long_fails,
        ),
        test(
            "a_future_that_takes_too_long_is_dropped",
            a_future_that_takes_too_long_is_dropped,
        ),
        test(
            "a_worker_that_takes_too_long_is_killed",
            a_worker_that_takes_too_long_is_killed,
        ),
        test(
            "no_test_starts_after_so_many_failures",
            no_test_starts_after_so_many_failures,
        ),
    ]
}

fn a_test_that_takes_too_long_fails() {
    for threads in ["--test-threads=1", "--test-threads=4"] {
        let output = run("endless", &["--timeout", "300ms", threads]);
        for (name, printed, time) in [
            ("a_blocks", "before blocking\n", "300ms"),
            ("b_is_pending", "before waiting\n", "300ms"),
            ("c_has_less_time", "", "50ms"),
        ] {
            let expected = format!("{printed}note: test timed out after {time}\n");
            let shown = section(&output.stdout, name);
            assert!(
                format!("{shown}\n").starts_with(&expected),
                "{}",
                output.stdout
            );
        }
        assert!(
            output.stdout.contains("test d_passes ... ok\n"),
            "{}",
            output.stdout
        );
        assert!(
            output.stdout.contains("1 passed; 3 failed;"),
            "{}",
            output.stdout
        );
        assert_eq!(output.code, Some(101));
    }
}

fn a_future_that_takes_too_long_is_dropped() {
    let args = [
        "--timeout=200ms",
        "--test-threads=1",
        "--include-ignored",
        "b_is_pending",
        "e_awaits_the_drop",
    ];
    let output = run("endless", &args);
    assert!(
        output.stdout.contains("test e_awaits_the_drop ... ok\n"),
        "{}",
        output.stdout
    );
}

fn a_worker_that_takes_too_long_is_killed() {
    let output = run(
        "endless",
        &["--isolate", "--timeout", "300ms", "--test-threads=2"],
    );
    for (name, printed) in [
        ("a_blocks", "before blocking\n"),
        ("b_is_pending", "before waiting\n"),
    ] {
        let expected = format!("{printed}note: test timed out after 300ms");
        assert!(
            section(&output.stdout, name).starts_with(&expected),
            "{}",
            output.stdout
        );
    }
    assert!(
        output.stdout.contains("1 passed; 3 failed;"),
        "{}",
        output.stdout
    );
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
}

fn no_test_starts_after_so_many_failures() {
    for (args, failed) in [
        (&["--maxfail", "2", "--test-threads=1"][..], 2),
        (&["-x", "--test-threads=1"], 1),
        (&["--fail-fast", "--test-threads=1"], 1),
        (&["--maxfail=2", "--isolate", "--test-threads=1"], 2),
    ] {
        let output = run("mixed", args);
        assert!(
            output.stdout.contains(&format!("; {failed} failed;")),
            "{}",
            output.stdout
        );
        assert_eq!(output.code, Some(101));
    }
}
