//! Failures of every kind, and the exit codes.

use crate::rerun::{Run, SUBJECT};

/// The value of [`SUBJECT`] for a main function that is written by hand.
pub(crate) const BY_HAND: &str = "by hand";
/// The subject has a main function with the attribute.
pub(crate) const BY_ATTRIBUTE: &str = "by attribute";

crate::by_hand::tests!(
    passing_tests_end_with_0,
    a_failure_ends_with_101_and_hides_no_other_test,
    a_python_exception_is_shown_with_its_traceback_and_the_place_in_rust,
    a_debug_form_is_shown_of_other_errors,
    a_panic_is_shown_with_its_place,
    system_exit_fails_its_test_only,
    a_panic_with_another_text_than_expected_fails,
    keyboard_interrupt_fails_its_test_only,
    a_main_function_written_by_hand_exits_as_libtest,
    a_backtrace_ends_at_the_test,
);

fn passing_tests_end_with_0() {
    let run = Run::new("passes");
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains("test subject::ends::passes ... ok\n");
    run.assert_contains("test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured;");
    assert_eq!(run.stderr, "");
}

fn a_failure_ends_with_101_and_hides_no_other_test() {
    let run = Run::new("subject::ends");
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains("test subject::ends::raises ... FAILED\n");
    run.assert_contains("test subject::ends::passes_synchronously ... ok\n");
    run.assert_contains("test subject::ends::ignored ... ignored, the reason\n");
    run.assert_contains("test result: FAILED. 2 passed; 6 failed; 1 ignored;");
}

fn a_python_exception_is_shown_with_its_traceback_and_the_place_in_rust() {
    let run = Run::new("--exact subject::ends::raises");
    let shown = run.captured("subject::ends::raises");
    assert!(
        shown.starts_with("Error: Traceback (most recent call last):\n"),
        "{shown}"
    );
    let (cause, effect) = shown
        .split_once("The above exception was the direct cause")
        .unwrap();
    assert!(
        cause.contains("in inner\n") && cause.contains("KeyError: 'missing'"),
        "{shown}"
    );
    assert!(effect.contains("in outer\n"), "{shown}");
    let (_, end) = effect.split_once("ValueError: the message\n").unwrap();
    assert!(
        end.starts_with("in the test at pytests/test_harness_reports/subject.rs:"),
        "{shown}"
    );
}

fn a_debug_form_is_shown_of_other_errors() {
    let run = Run::new("--exact subject::ends::fails");
    assert_eq!(run.captured("subject::ends::fails"), "Error: OwnError\n");
}

fn a_panic_is_shown_with_its_place() {
    let run = Run::new("panics");
    for (test, text) in [
        ("subject::ends::panics", "the text of the panic"),
        (
            "subject::ends::panics_synchronously",
            "the text of the other panic",
        ),
    ] {
        let shown = run.captured(test);
        assert!(shown.contains(text), "{shown}");
        assert!(
            shown.contains("panicked at pytests/test_harness_reports/subject.rs:"),
            "{shown}"
        );
        assert!(shown.contains(&format!("thread '{test}'")), "{shown}");
    }
}

fn system_exit_fails_its_test_only() {
    let run = Run::new("--exact subject::ends::raises_system_exit");
    assert_eq!(run.status, Some(101), "{run:#?}");
    assert!(
        run.captured("subject::ends::raises_system_exit")
            .contains("SystemExit: 7")
    );
}

fn a_panic_with_another_text_than_expected_fails() {
    let run = Run::new("--exact subject::ends::panics_otherwise");
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains("note: panic did not contain expected string");
}

/// One that is not Ctrl-C.
fn keyboard_interrupt_fails_its_test_only() {
    for arguments in ["", " --test-threads 1", " --isolate"] {
        let run = Run::new(&format!("endings::interrupts{arguments}"));
        assert_eq!(run.status, Some(101), "{run:#?}");
        run.assert_contains("test result: FAILED. 1 passed; 1 failed;");
        let shown = run.captured("subject::endings::interrupts::a_raises_keyboard_interrupt");
        assert!(shown.contains("before the interrupt\n"), "{shown}");
        assert!(shown.contains("in main\n"), "{shown}");
        assert!(
            shown.contains("KeyboardInterrupt: from a coroutine\n"),
            "{shown}"
        );
        assert_eq!(run.stderr, "");
    }
}

fn a_main_function_written_by_hand_exits_as_libtest() {
    let by_hand = |arguments: &str| {
        Run::with(arguments, |command| {
            command.env(SUBJECT, BY_HAND);
        })
    };
    let run = by_hand("--exact subject::ends::passes subject::ends::panics");
    assert_eq!(
        (run.status, run.stderr.as_str()),
        (Some(101), ""),
        "{run:#?}"
    );
    run.assert_contains("test result: FAILED. 1 passed; 1 failed;");
    let run = by_hand("--exact subject::endings::exit::prints_at_its_exit");
    assert_eq!(
        (run.status, run.stderr.as_str()),
        (Some(101), ""),
        "{run:#?}"
    );
    assert!(run.stdout.ends_with("\n\nat the exit"), "{run:#?}");
    let run = by_hand("--exact subject::ends::passes");
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""), "{run:#?}");
}

fn a_backtrace_ends_at_the_test() {
    let run = Run::with("ends::panics --skip otherwise", |command| {
        command.env("RUST_BACKTRACE", "1");
    });
    for test in [
        "subject::ends::panics",
        "subject::ends::panics_synchronously",
    ] {
        let shown = run.captured(test);
        assert!(shown.contains("stack backtrace:"), "{shown}");
        assert!(
            !shown.contains("stop.rs") && !shown.contains("libtest_async"),
            "{shown}"
        );
    }
}
