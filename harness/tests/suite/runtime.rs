//! What runtimes may do to trials, and what the caller keeps.

use libtest_async::Arguments;

use crate::child::{run, section};

crate::tests!(
    a_dropped_future_is_a_failure,
    at_most_test_threads_futures_are_pending,
    futures_are_send,
);

fn a_dropped_future_is_a_failure() {
    let output = run("dropped", &[]);
    for name in ["dropped", "refused"] {
        let note = "note: the test was dropped before it was through";
        assert!(
            section(&output.stdout, name).starts_with(note),
            "{}",
            output.stdout
        );
    }
    assert!(
        output.stdout.contains("test runs ... ok\n"),
        "{}",
        output.stdout
    );
    assert!(
        output.stdout.contains("1 passed; 2 failed;"),
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

fn futures_are_send() {
    fn assert_send<T: Send + 'static>(_: &T) {}
    assert_send(&libtest_async::run_async(
        &Arguments::default(),
        Vec::new(),
        drop,
    ));
}
