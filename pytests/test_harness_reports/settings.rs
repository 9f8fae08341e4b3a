//! The arguments of the attribute, and Ctrl-C.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::commands::{limited, with_default_sigint};
use crate::rerun::{Run, command};

crate::by_hand::tests!(
    a_timeout_ends_a_test_that_waits_and_shows_what_for,
    a_timeout_shows_the_tasks_of_the_test_and_counts_those_of_others,
    a_timeout_leaves_tests_that_block_behind,
    a_timeout_cancels_what_the_test_awaits,
    a_test_that_ends_in_time_is_judged_as_ever,
    raises_takes_the_class_and_those_derived_from_it,
    raises_refuses_other_exceptions_and_none,
    serial_tests_run_alone,
    a_loop_is_given_or_its_tests_are_skipped,
    the_loop_of_the_run_can_be_chosen,
    help_knows_the_options_for_python,
    retries_call_the_function_again,
    a_test_says_how_often_it_may_fail,
    a_test_says_how_long_it_may_take,
    a_test_may_have_a_loop_of_its_own,
    generated_tests_are_tests_like_others,
    a_generator_that_fails_is_a_test_that_fails,
    what_tests_leave_behind_is_shown_with_them,
    what_tests_leave_behind_fails_them_on_request,
    what_a_failing_test_leaves_behind_is_shown_with_its_failure,
    ctrl_c_drops_what_runs_and_ends_with_130,
    ctrl_c_interrupts_the_test_of_a_worker,
    ctrl_c_has_a_main_function_of_ones_own_report,
);

fn a_timeout_ends_a_test_that_waits_and_shows_what_for() {
    let isolation = if cfg!(unix) { " --isolate" } else { "" };
    for way in ["", isolation] {
        let started = Instant::now();
        let run = Run::new(&format!(
            "--exact subject::settings::timeout::waits_for_python{way}"
        ));
        assert_eq!(run.status, Some(101), "{run:#?}");
        let shown = run.captured("subject::settings::timeout::waits_for_python");
        assert!(
            shown.ends_with("note: test timed out after 100ms"),
            "{shown}"
        );
        assert!(
            shown.contains("asyncio:\n") && shown.contains("in sleep\n"),
            "{shown}"
        );
        assert!(shown.contains("Stack for thread MainThread:\n"), "{shown}");
        assert!(started.elapsed() < Duration::from_secs(30));
    }
}

fn a_timeout_shows_the_tasks_of_the_test_and_counts_those_of_others() {
    let run = Run::new("settings::tasks_at_once:: --test-threads 2");
    run.assert_contains("test result: FAILED. 2 passed; 1 failed;");
    let shown = run.captured("subject::settings::tasks_at_once::a_is_too_slow");
    let (tasks, _threads) = shown.split_once("\nthreads:\n").unwrap();
    assert!(tasks.contains("in forever\n"), "{shown}");
    assert!(!tasks.contains("in beside\n"), "{shown}");
    assert!(tasks.contains(" more of other tests\n"), "{shown}");
}

/// Also one that blocks the only thread of its runtime.
fn a_timeout_leaves_tests_that_block_behind() {
    for threads in ["1", "4"] {
        let mut command = command("settings::timeout::blocks");
        command.env("ASYNC_STD_THREAD_COUNT", threads);
        let run = Run::of(limited(&command).output().unwrap());
        assert_eq!(run.status, Some(101), "{run:#?}");
        run.assert_contains("test result: FAILED. 0 passed; 3 failed;");
        let shown = run.captured("subject::settings::timeout::blocks_in_python");
        assert!(
            shown.ends_with("note: test timed out after 100ms"),
            "{shown}"
        );
    }
}

fn a_timeout_cancels_what_the_test_awaits() {
    let run = Run::new("settings::given_up:: --test-threads 1");
    run.assert_contains("test subject::settings::given_up::a_waits ... FAILED\n");
    run.assert_contains("test subject::settings::given_up::b_sees_the_cancellation ... ok\n");
}

fn a_test_that_ends_in_time_is_judged_as_ever() {
    let run = Run::new("_in_time");
    run.assert_contains("test result: FAILED. 1 passed; 1 failed;");
    let shown = run.captured("subject::settings::timeout::panics_in_time");
    assert!(shown.contains("well before the limit"), "{shown}");
}

fn raises_takes_the_class_and_those_derived_from_it() {
    let run = Run::new("settings::raises:: --skip another --skip nothing");
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains("test result: ok. 4 passed;");
}

fn raises_refuses_other_exceptions_and_none() {
    let run = Run::new("settings::raises::");
    run.assert_contains("test result: FAILED. 4 passed; 3 failed;");
    let wanted = "\n\nthe test had to raise KeyError\n";
    let shown = run.captured("subject::settings::raises::another_class");
    assert!(shown.starts_with("Error: ValueError: another\n"), "{shown}");
    assert!(shown.ends_with(wanted), "{shown}");
    let shown = run.captured("subject::settings::raises::another_error");
    assert_eq!(shown, format!("Error: \"no exception\"{wanted}"));
    let shown = run.captured("subject::settings::raises::nothing");
    assert_eq!(shown, "Error: the test did not raise KeyError\n");
}

fn serial_tests_run_alone() {
    let run = Run::new("settings::serial:: --test-threads 5");
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains("test result: ok. 5 passed;");
}

const UVLOOP: &str = "test subject::settings::event_loop::uvloop ... ";

fn a_loop_is_given_or_its_tests_are_skipped() {
    let run = Run::new("settings::event_loop:: --show-output");
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains("test subject::settings::event_loop::asyncio ... ok\n");
    match run.stdout.contains(&format!("{UVLOOP}ok\n")) {
        true => run.assert_contains("loop=uvloop\n"),
        false => run.assert_contains(&format!("{UVLOOP}ignored, uvloop is not installed\n")),
    }
}

fn the_loop_of_the_run_can_be_chosen() {
    let run = Run::new("settings::event_loop:: --show-output --loop uvloop --test-threads 1");
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains("test subject::settings::event_loop::asyncio ... ok\n");
    let of_the_run = "test subject::settings::event_loop::of_the_run ... ";
    match run.stdout.contains(&format!("{UVLOOP}ok\n")) {
        true => {
            run.assert_contains(&format!("{of_the_run}ok\n"));
            assert_eq!(run.stdout.matches("loop=uvloop\n").count(), 2, "{run:#?}");
        }
        false => run.assert_contains(&format!("{of_the_run}ignored, uvloop is not installed\n")),
    }
    let run = Run::new("--loop trio");
    assert_eq!(run.status, Some(101), "{run:#?}");
    assert_eq!(
        run.stderr,
        "error: argument for --loop must be asyncio or uvloop (was trio)\n"
    );
}

fn retries_call_the_function_again() {
    let run = Run::new("settings::retries:: --retries 1 --test-threads 1");
    assert_eq!(run.status, Some(101), "{run:#?}");
    for (name, end) in [
        ("a_raises", "ok"),
        ("b_asserts", "ok"),
        ("c_times_out", "ok"),
        ("d_is_skipped", "ignored, the second attempt"),
        ("e_gives_up", "FAILED"),
    ] {
        let test = format!("test subject::settings::retries::{name} ...");
        run.assert_contains(&format!("{test} FAILED, attempt 1 of 2\n{test} {end}\n"));
    }
    let shown = run.captured("subject::settings::retries::e_gives_up");
    assert_eq!(shown.matches("each attempt\n").count(), 2, "{shown}");
    run.assert_contains("test result: FAILED. 3 passed; 1 failed; 1 ignored;");
}

fn what_tests_leave_behind_is_shown_with_them() {
    let run = Run::new("settings::leaks::leaves_a settings::leaks::cancels --show-output");
    run.assert_contains("test result: ok. 4 passed;");
    let shown = run.captured("subject::settings::leaks::leaves_a_task");
    let note = "note: still pending at the end of the test: <Task pending name=";
    assert!(shown.starts_with(note), "{shown}");
    assert!(shown.contains("coro=<left() running at "), "{shown}");
    assert_eq!(shown.lines().count(), 1, "{shown}");
    // Python shows a warning once for a line, if nobody asks for more.
    for test in ["leaves_a_coroutine", "leaves_a_coroutine_too"] {
        let shown = run.captured(&format!("subject::settings::leaks::{test}"));
        let warning = "RuntimeWarning: coroutine 'left' was never awaited";
        assert!(shown.contains(warning), "{shown}");
    }
    run.assert_lacks("---- subject::settings::leaks::cancels_its_tasks stdout ----");
    assert_eq!(run.stderr, "");
}

fn what_tests_leave_behind_fails_them_on_request() {
    let run = Run::new("settings::leaks:: --leak-check");
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains("test subject::settings::leaks::leaves_nothing ... ok\n");
    run.assert_contains("test subject::settings::leaks::cancels_its_tasks ... ok\n");
    run.assert_contains("test result: FAILED. 2 passed; 3 failed;");
    let shown = run.captured("subject::settings::leaks::leaves_a_task");
    assert!(
        shown.starts_with("Error: the test left behind:\n    <Task pending"),
        "{shown}"
    );
    let shown = run.captured("subject::settings::leaks::leaves_a_coroutine");
    let expected = "Error: the test left behind:\n    coroutine 'left' was never awaited\n";
    assert_eq!(shown, expected);
}

fn what_a_failing_test_leaves_behind_is_shown_with_its_failure() {
    let run = Run::new("settings::failing_leaks:: --leak-check");
    run.assert_contains("test result: FAILED. 1 passed; 3 failed;");
    let left = "the test left behind:\n    coroutine 'left' was never awaited\n";
    let shown = run.captured("subject::settings::failing_leaks::raises");
    assert!(
        shown.starts_with("Error: ValueError: its own failure\n"),
        "{shown}"
    );
    assert!(shown.ends_with(&format!("\n\n{left}")), "{shown}");
    for test in ["panics", "panics_in_a_sync_test"] {
        let shown = run.captured(&format!("subject::settings::failing_leaks::{test}"));
        assert!(shown.contains("its own panic\n"), "{shown}");
        assert!(shown.contains(left), "{shown}");
    }
}

fn help_knows_the_options_for_python() {
    let run = Run::new("--help");
    assert_eq!(run.status, Some(0), "{run:#?}");
    assert!(run.stdout.starts_with("Usage: "), "{run:#?}");
    run.assert_contains("--loop asyncio|uvloop\n");
    run.assert_contains("--leak-check ");
}

fn ctrl_c_drops_what_runs_and_ends_with_130() {
    if !cfg!(unix) {
        return;
    }
    let mut child =
        with_default_sigint(&command("--nocapture settings::interrupt --test-threads 1"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    read_until(&mut stdout, "waiting");
    interrupt(&child.id().to_string());
    let (mut rest, mut stderr) = (String::new(), String::new());
    stdout.read_to_string(&mut rest).unwrap();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut stderr)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}{stderr}");
    assert!(rest.contains("the future was dropped\n"), "{rest}{stderr}");
    let expected = "interrupted; 0 tests had not started\ntest subject::settings::interrupt::waits_for_ever was running\n";
    assert!(rest.contains(expected), "{rest}{stderr}");
    assert!(
        rest.contains("\nfailures:\n    subject::settings::interrupt::fails\n"),
        "{rest}{stderr}"
    );
    assert!(
        rest.contains("\ntest result: INTERRUPTED. 0 passed; 1 failed;"),
        "{rest}{stderr}"
    );
    assert!(!stderr.contains("KeyboardInterrupt"), "{stderr}");
}

/// The main function cancels the run, and prints its own error.
fn ctrl_c_has_a_main_function_of_ones_own_report() {
    if !cfg!(unix) {
        return;
    }
    let mut command = command("--nocapture settings::interrupt --test-threads 1");
    command.env(crate::rerun::SUBJECT, crate::stdout::OWN_MAIN);
    let mut child = with_default_sigint(&command)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    read_until(&mut stdout, "waiting");
    interrupt(&child.id().to_string());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert!(!child.wait().unwrap().success());
    for expected in [
        "test subject::settings::interrupt::waits_for_ever was running\n",
        "\ntest result: INTERRUPTED. 0 passed; 1 failed;",
    ] {
        assert!(rest.contains(expected), "{rest}");
    }
}

/// A terminal sends the signal to the workers of `--isolate` as well, and one may be the first to act on it.
fn ctrl_c_interrupts_the_test_of_a_worker() {
    if !cfg!(unix) {
        return;
    }
    let arguments = "--isolate --nocapture settings::interrupt --test-threads 1";
    let mut child = with_default_sigint(&command(arguments))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let line = read_until(&mut stdout, "waiting in ");
    let worker = line.trim_end().rsplit(' ').next().unwrap();
    assert_ne!(worker, child.id().to_string());
    interrupt(worker);
    // The worker ends two seconds later if the parent does not.
    thread::sleep(Duration::from_millis(500));
    interrupt(&child.id().to_string());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    for expected in [
        "interrupted; 0 tests had not started\ntest subject::settings::interrupt::waits_for_ever was running\n",
        "\ntest result: INTERRUPTED. 0 passed; 1 failed;",
    ] {
        assert!(rest.contains(expected), "{rest}");
    }
}

pub(crate) fn interrupt(process: &str) {
    let killed = Command::new("kill").args(["-INT", "--", process]).status();
    assert!(killed.unwrap().success());
}

/// Reads lines until one contains the text, and returns it.
fn read_until(stdout: &mut impl BufRead, text: &str) -> String {
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        let read = stdout.read_line(&mut line).unwrap();
        assert_ne!(read, 0, "it has ended before {text:?}");
    }
    line
}

fn a_test_says_how_often_it_may_fail() {
    let run = Run::new("settings::own_attempts:: --test-threads 1");
    let name = "test subject::settings::own_attempts";
    for line in [
        "is_known_to_fail ... ignored, expected failure: issue 12",
        "is_known_to_panic ... ignored, expected failure",
        "succeeds_again ... FAILED",
        "succeeds_later ... FAILED, attempt 1 of 2",
        "succeeds_later ... ok",
    ] {
        run.assert_contains(&format!("{name}::{line}\n"));
    }
    let shown = run.captured("subject::settings::own_attempts::succeeds_again");
    let expected = "note: test passed, but was expected to fail: issue 13";
    assert_eq!(shown, expected);
    run.assert_contains("test result: FAILED. 2 passed; 1 failed; 2 ignored;");
}

fn a_test_says_how_long_it_may_take() {
    let run = Run::new("own_attempts::takes_longer");
    assert_eq!(run.status, Some(0), "{run:#?}");
    let run = Run::new("own_attempts::takes_longer --ensure-time");
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains("takes_longer ... FAILED (time limit exceeded)");
}

fn generated_tests_are_tests_like_others() {
    let run = Run::new("settings::generated::rows --test-threads 1");
    let name = "test subject::settings::generated::rows";
    for line in [
        "a_sleeps ... ok",
        "b_errs ... FAILED",
        "c_panics - should panic ... ok",
        "d_is_ignored ... ignored, no network",
        "e_is_flaky ... FAILED, attempt 1 of 2",
        "e_is_flaky ... ok",
        "f_waits ... ignored, expected failure: never ends",
    ] {
        run.assert_contains(&format!("{name}::{line}\n"));
    }
    let run = Run::new("--tag generated");
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains("running 1 test\n");
    let isolation = if cfg!(unix) { " --isolate" } else { "" };
    let run = Run::new(&format!("rows::a_sleeps{isolation}"));
    assert_eq!(run.status, Some(0), "{run:#?}");
}

fn a_generator_that_fails_is_a_test_that_fails() {
    let run = Run::new("generated::folder_is_missing");
    assert_eq!(run.status, Some(101), "{run:#?}");
    let shown = run.captured("subject::settings::generated::folder_is_missing");
    assert!(shown.starts_with("Error: Os { code: 2"), "{shown}");
    // As cargo-nextest asks for a test that an earlier list has named.
    let run = Run::new("--exact subject::settings::generated::folder_is_missing::a");
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains("folder_is_missing::a ... FAILED\n");
}

fn a_test_may_have_a_loop_of_its_own() {
    let run = Run::new("settings::own_loop:: --test-threads 1");
    run.assert_contains("test result: FAILED. 4 passed; 2 failed;");
    let shown = run.captured("subject::settings::own_loop::e_is_slow_in_debug_mode");
    // From Python 3.12 on the first step of the task is taken within the drain, so that the drain is what was slow.
    assert!(shown.contains("Executing <"), "{shown}");
    assert!(shown.contains("show the output"), "{shown}");
    let shown = run.captured("subject::settings::own_loop::f_waits_for_ever");
    assert!(shown.contains("test timed out after 100ms"), "{shown}");
    assert_eq!(run.stderr, "");
    let run = Run::new("settings::own_loop:: --loop uvloop --test-threads 2 --skip d_ --skip f_");
    let is_skipped = run.stdout.contains("ignored, uvloop is not installed\n");
    run.assert_contains(match is_skipped {
        true => "0 passed; 0 failed; 4 ignored;",
        false => "3 passed; 1 failed;",
    });
}
