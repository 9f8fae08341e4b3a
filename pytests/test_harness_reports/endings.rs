//! Runs in which tests interfere with the event loop that all of them share.

use std::fs::File;

use crate::commands::limited;
use crate::rerun::{Run, command};

crate::by_hand::tests!(
    what_ends_a_loop_ends_its_test_only,
    what_a_callback_raises_fails_its_test,
    what_a_callback_raises_fails_the_run_where_no_test_is_known,
    what_goes_with_an_exception_is_shown_with_its_test,
    a_task_that_does_not_end_is_told_of,
    a_loop_that_is_busy_keeps_no_report_back,
    a_loop_that_is_busy_keeps_no_run_whose_standard_error_is_full,
    a_run_without_its_teardown_has_failed,
    ctrl_c_is_watched_for_all_the_time,
);

fn what_ends_a_loop_ends_its_test_only() {
    for threads in [1, 8] {
        let selected = "endings::a endings::b endings::c_stops endings::d endings::e";
        let run = Run::new(&format!("{selected} --test-threads {threads}"));
        assert_eq!(
            (run.stderr.as_str(), run.status),
            ("", Some(101)),
            "{run:#?}"
        );
        let has_uvloop = !run.stdout.contains("ignored, uvloop is not installed");
        let on = |loops: [&'static str; 2]| loops.into_iter().take(1 + usize::from(has_uvloop));
        for waits in on(["d_waits", "e_waits_on_another_loop"]).chain(["c_stops_the_loop"]) {
            run.assert_contains(&format!("test subject::endings::{waits} ... ok\n"));
        }
        for exits in on(["a_exits", "b_exits_on_another_loop"]) {
            let shown = run.captured(&format!("subject::endings::{exits}"));
            assert!(shown.contains("before the exit\n"), "{shown}");
            assert!(shown.contains("SystemExit: 7"), "{shown}");
        }
    }
}

fn what_a_callback_raises_fails_its_test() {
    let run = Run::new("endings::j endings::d --test-threads 2");
    assert_eq!(
        (run.stderr.as_str(), run.status),
        ("", Some(101)),
        "{run:#?}"
    );
    run.assert_contains("1 passed; 2 failed;");
    for (name, error) in [
        ("exits", "SystemExit: 7"),
        ("is_interrupted", "KeyboardInterrupt"),
    ] {
        let name = format!("subject::endings::j_has_a_callback_that_{name}");
        let shown = run.captured(&name);
        let expected = format!("Error: a callback that {name} scheduled raised:\nTraceback ");
        assert!(shown.starts_with(&expected), "{shown}");
        assert!(shown.contains(error), "{shown}");
    }
}

fn what_a_callback_raises_fails_the_run_where_no_test_is_known() {
    let run = Run::new("endings::k --show-output");
    if !run.stdout.contains("ignored, uvloop is not installed") {
        let expected = "error: a callback of an event loop raised:\nTraceback ";
        assert!(run.stderr.starts_with(expected), "{run:#?}");
        assert!(run.stderr.ends_with("SystemExit: 7\n"), "{run:#?}");
        assert_eq!(run.status, Some(101), "{run:#?}");
    }
    for isolation in ["", " --isolate"] {
        let run = Run::new(&format!("endings::l --test-threads 1{isolation}"));
        run.assert_contains("test result: ok. 2 passed;");
        let expected = "error: a callback that subject::endings::l_leaves_a_callback_that_exits scheduled raised:\n";
        assert!(run.stderr.contains(expected), "{run:#?}");
        assert!(run.stderr.ends_with("SystemExit: 0\n"), "{run:#?}");
        assert_eq!(run.status, Some(101), "{run:#?}");
    }
}

fn what_goes_with_an_exception_is_shown_with_its_test() {
    let run = Run::new("endings::c_raises endings::d --test-threads 1");
    assert_eq!(run.status, Some(101), "{run:#?}");
    let shown = run.captured("subject::endings::c_raises_beside_a_coroutine");
    // Without the GIL the coroutine, which the exception has, is freed by the thread that made it, the loop's, when the test has
    // ended.
    let said = match cfg!(Py_GIL_DISABLED) {
        true => format!("{shown}{}", run.stderr),
        false => shown.to_string(),
    };
    assert!(
        said.contains("coroutine 'sleep' was never awaited"),
        "{run:#?}"
    );
}

fn a_task_that_does_not_end_is_told_of() {
    let run = Run::new("endings::f");
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains("test result: ok. 1 passed;");
    let expected = "a task that was cancelled has not ended: <Task ";
    assert!(run.stderr.contains(expected), "{run:#?}");
}

fn a_loop_that_is_busy_keeps_no_report_back() {
    let run = Run::new("endings::g");
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains("test result: FAILED. 0 passed; 1 failed;");
    let expected = "a test keeps the event loop busy";
    assert!(run.stderr.contains(expected), "{run:#?}");
}

fn a_loop_that_is_busy_keeps_no_run_whose_standard_error_is_full() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let full = File::create("/dev/full").unwrap();
    let run = Run::of(
        limited(&command("endings::g"))
            .stderr(full)
            .output()
            .unwrap(),
    );
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains("test result: FAILED. 0 passed; 1 failed;");
}

fn a_run_without_its_teardown_has_failed() {
    let run = Run::of(limited(&command("endings::h")).output().unwrap());
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains("test result: ok. 1 passed;");
    let expected = "there is no tear-down, and the run has failed\n";
    assert!(run.stderr.ends_with(expected), "{run:#?}");
}

fn ctrl_c_is_watched_for_all_the_time() {
    if !cfg!(unix) {
        return;
    }
    let run = Run::of(limited(&command("endings::i_is")).output().unwrap());
    run.assert_contains("test result: ok. 1 passed;");
    assert_eq!(run.status, Some(0), "{run:#?}");
}
