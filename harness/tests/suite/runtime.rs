//! What runtimes may do to trials, and what the caller keeps.

use libtest_async::Arguments;

use crate::child::{ISOLATIONS, run, run_with, section};
use crate::fixtures::LOCK_FOLDER;

crate::tests!(
    a_dropped_future_is_a_failure,
    at_most_test_threads_futures_are_pending,
    public_types_can_be_sent_and_shared,
    a_future_stays_on_the_thread_of_its_test,
    a_runtime_adds_its_failure_to_the_tests,
    serial_tests_run_alone,
    thread_locals_of_a_test_are_dropped_before_the_next_one_starts
    ; unix:
    what_a_runtime_prints_at_its_end_is_the_tests,
    a_future_that_times_out_is_dropped_before_its_end_is_told,
    a_body_that_returns_in_time_passes_though_its_thread_ends_late,
    what_takes_too_long_is_described,
    a_run_that_is_given_up_reports_every_test,
    what_takes_too_long_is_described_by_its_worker,
);

fn a_dropped_future_is_a_failure() {
    let output = run("dropped", &[]);
    for name in ["dropped", "polled_once"] {
        let note = "note: the test was dropped before it was through";
        assert!(
            section(&output.stdout, name).starts_with(note),
            "{}",
            output.stdout
        );
    }
    let shown = section(&output.stdout, "refused");
    assert!(shown.contains("no runtime\n"), "{}", output.stdout);
    assert!(
        output.stdout.contains("test runs ... ok\n"),
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

fn at_most_test_threads_futures_are_pending() {
    let output = run("counting", &["--test-threads=3"]);
    assert!(
        output.stdout.contains("20 passed; 0 failed;"),
        "{}",
        output.stdout
    );
}

/// The compiler does the work. The future of a test is the one that need not be `Send`.
fn public_types_can_be_sent_and_shared() {
    fn sent<T: Send + 'static>() {}
    fn shared<T: Send + Sync + 'static>() {}
    sent::<libtest_async::InterruptibleRun>();
    sent::<libtest_async::Trial>();
    shared::<libtest_async::Interrupter>();
    shared::<libtest_async::Shared<u8>>();
    shared::<libtest_async::capture::Context>();
    shared::<libtest_async::capture::Inherit<std::future::Ready<u8>>>();
    shared::<Arguments>();
    shared::<libtest_async::ArgumentError>();
    shared::<libtest_async::Conclusion>();
    shared::<libtest_async::Failed>();
}

fn a_future_stays_on_the_thread_of_its_test() {
    for threads in ["--test-threads=1", "--test-threads=4"] {
        for isolation in ISOLATIONS {
            let output = run("one_thread_a_test", &[&[threads], isolation].concat());
            assert!(output.stdout.contains("6 passed;"), "{}", output.stdout);
            assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
        }
    }
}

fn what_a_runtime_prints_at_its_end_is_the_tests() {
    let output = run("ends_with_its_runtime", &[]);
    let shown = section(&output.stdout, "fails");
    let printed = "the future has ended\nthe runtime is dropped\nError: for its output\n";
    assert_eq!(shown, printed);
    assert_eq!(output.stderr, "");
}

fn serial_tests_run_alone() {
    for isolation in ISOLATIONS {
        let folder = std::env::temp_dir().join(format!("serial-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let args = [&["--test-threads=4"], isolation].concat();
        let output = run_with("serial", &args, |command| {
            command.env(LOCK_FOLDER, &folder);
        });
        std::fs::remove_dir_all(&folder).unwrap();
        let counts = "7 passed; 0 failed; 1 ignored;";
        assert!(output.stdout.contains(counts), "{}", output.stdout);
        assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
    }
}

fn a_body_that_returns_in_time_passes_though_its_thread_ends_late() {
    for threads in ["--test-threads=1", "--test-threads=2"] {
        let output = run("returned_in_time", &["--show-output", threads]);
        assert!(output.stdout.contains("1 passed;"), "{}", output.stdout);
        assert_eq!(section(&output.stdout, "returns"), "printed\n");
        assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
    }
}

fn thread_locals_of_a_test_are_dropped_before_the_next_one_starts() {
    for threads in ["--test-threads=1", "--test-threads=4"] {
        let output = run("thread_locals", &[threads]);
        assert!(output.stdout.contains("3 passed;"), "{}", output.stdout);
        assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
    }
}

fn what_takes_too_long_is_described() {
    for threads in ["--test-threads=1", "--test-threads=4"] {
        let output = run("described", &[threads]);
        let counts = "2 passed; 4 failed;";
        assert!(output.stdout.contains(counts), "{}", output.stdout);
        let shown = |name| section(&output.stdout, name);
        let too_late = "note: test timed out after 50ms";
        let described = format!("printed\nit parks\n{too_late}");
        assert_eq!(shown("a_blocks"), described);
        assert_eq!(shown("b_waits"), too_late);
        assert_eq!(shown("c_ends_meanwhile"), too_late);
        let shown = shown("e_panics");
        assert!(shown.contains("no words\n"), "{shown}");
        assert!(shown.ends_with(too_late), "{shown}");
        assert_eq!(output.code, Some(101));
    }
}

fn what_takes_too_long_is_described_by_its_worker() {
    let args = ["--isolate", "--test-threads=2", "--skip=f_finds"];
    let output = run("described", &args);
    let shown = |name| section(&output.stdout, name);
    let too_late = "note: test timed out after 50ms";
    assert_eq!(shown("a_blocks"), format!("printed\nit parks\n{too_late}"));
    assert_eq!(shown("b_waits"), too_late);
    assert!(shown("e_panics").contains("no words\n"));
    assert!(output.stdout.contains("4 failed;"), "{}", output.stdout);
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
}

fn a_run_that_is_given_up_reports_every_test() {
    for threads in ["--test-threads=1", "--test-threads=3"] {
        let output = run("given_up", &[threads, "--retries=1"]);
        let counts = "1 passed; 3 failed; 1 ignored;";
        assert!(output.stdout.contains(counts), "{}", output.stdout);
        let shown = |name| section(&output.stdout, name);
        let reason = "note: nothing is left";
        assert_eq!(shown("b_gives_up"), format!("printed\n{reason}"));
        assert_eq!(shown("c_waits"), reason);
        assert_eq!(shown("e_does_not_start"), reason);
        assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
    }
}

fn a_runtime_adds_its_failure_to_the_tests() {
    let output = run("fails_by_its_runtime", &["--test-threads=1"]);
    for line in [
        "c_does_not_panic - should panic ... FAILED",
        "d_panics - should panic ... ok",
        "e_skips ... ignored, why",
    ] {
        let line = format!("test {line}\n");
        assert!(output.stdout.contains(&line), "{}", output.stdout);
    }
    let shown = |name| section(&output.stdout, name);
    assert_eq!(shown("a_passes"), "Error: the runtime's\n");
    assert_eq!(shown("b_fails"), "Error: its own\n\nthe runtime's\n");
    assert_eq!(output.code, Some(101));
}

fn a_future_that_times_out_is_dropped_before_its_end_is_told() {
    for threads in ["--test-threads=1", "--test-threads=2"] {
        let output = run("dropped_in_time", &[threads]);
        let counts = "1 passed; 1 failed;";
        assert!(output.stdout.contains(counts), "{}", output.stdout);
        let shown = section(&output.stdout, "a_waits");
        assert_eq!(shown, "giving it back\nnote: test timed out after 50ms");
        assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
    }
}
