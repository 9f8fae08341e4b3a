//! A test is a thread, with a runtime that ends with it.

use std::time::{Duration, Instant};

use crate::commands::limited;
use crate::rerun::{Run, command};
use crate::subject::LOCK;

crate::by_hand::tests!(
    a_test_has_a_thread_and_a_runtime_of_its_own,
    what_tasks_print_is_the_tests,
    what_a_coroutine_prints_that_a_test_gives_to_the_loop_is_the_tests,
    a_time_out_of_the_end_of_a_runtime_says_so,
    what_a_test_has_spawned_is_dropped_at_its_end,
    a_task_that_blocks_the_end_of_its_runtime_is_told_of,
    serial_tests_run_alone_in_worker_processes_too,
    a_deadlock_with_python_ends_in_time,
);

fn a_test_has_a_thread_and_a_runtime_of_its_own() {
    for arguments in ["", " --isolate"] {
        let run = Run::new(&format!(
            "subject::threads::stays subject::threads::has subject::threads::starts subject::threads::pauses subject::threads::thread_local{arguments}"
        ));
        assert_eq!(run.status, Some(0), "{run:#?}");
        run.assert_contains("test result: ok. 9 passed;");
        assert_eq!(run.stderr, "");
    }
}

fn what_tasks_print_is_the_tests() {
    for threads in ["1", "2"] {
        let run = Run::new(&format!(
            "subject::threads::tasks --show-output --test-threads {threads}"
        ));
        for test in ["on_one_thread", "on_several_threads"] {
            let shown = run.captured(&format!("subject::threads::tasks::{test}"));
            assert!(shown.starts_with("printed in a task\n"), "{shown}");
            assert!(shown.contains("panicked in a task\n"), "{shown}");
        }
        assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
    }
}

fn what_a_coroutine_prints_that_a_test_gives_to_the_loop_is_the_tests() {
    let run = Run::new("subject::threads::given_to_the_loop --show-output");
    let shown = run.captured("subject::threads::given_to_the_loop::prints");
    assert_eq!(shown.trim_end(), "printed by a coroutine");
}

fn a_time_out_of_the_end_of_a_runtime_says_so() {
    let run = Run::new("--exact subject::threads::left::one_that_blocks --timeout 300ms");
    assert_eq!(run.status, Some(101), "{run:#?}");
    let shown = run.captured("subject::threads::left::one_that_blocks");
    let start = "the test is through, and what it has spawned keeps its runtime from ending\n";
    assert!(shown.starts_with(start), "{shown}");
}

fn what_a_test_has_spawned_is_dropped_at_its_end() {
    let run = Run::new("subject::threads::left::a_pending --show-output");
    for (test, said) in [
        ("a_pending_task", "dropped on one thread"),
        (
            "a_pending_task_on_another_thread",
            "dropped on several threads",
        ),
    ] {
        let shown = run.captured(&format!("subject::threads::left::{test}"));
        assert_eq!(shown.trim_end(), said);
    }
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), ""));
}

fn a_task_that_blocks_the_end_of_its_runtime_is_told_of() {
    let started = Instant::now();
    let run = Run::new("--exact subject::threads::left::one_that_blocks");
    let note = "note: subject::threads::left::one_that_blocks has left a task behind that keeps its runtime from ending\n";
    assert_eq!((run.status, run.stderr.as_str()), (Some(0), note));
    let run = Run::new("subject::threads::left::one_that_blocks --leak-check");
    assert_eq!(run.status, Some(101), "{run:#?}");
    let left = "the test left behind:\n    a task that keeps its runtime from ending\n";
    let shown = run.captured("subject::threads::left::one_that_blocks");
    assert_eq!(shown, format!("Error: {left}"));
    let shown = run.captured("subject::threads::left::one_that_blocks_and_an_error");
    assert_eq!(shown, format!("Error: \"its own error\"\n\n{left}"));
    assert!(started.elapsed() < Duration::from_secs(60));
}

fn serial_tests_run_alone_in_worker_processes_too() {
    let lock = std::env::temp_dir().join(format!("pyo3-aio-lock-{}", std::process::id()));
    let run = Run::with(
        "subject::threads::serial --isolate --test-threads 3",
        |command| {
            command.env(LOCK, &lock);
        },
    );
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains("test result: ok. 3 passed;");
}

fn a_deadlock_with_python_ends_in_time() {
    for threads in ["1", "2"] {
        let arguments = format!("subject::threads::deadlock --test-threads {threads}");
        let started = Instant::now();
        let run = Run::of(limited(&command(&arguments)).output().unwrap());
        assert!(started.elapsed() < Duration::from_secs(30));
        assert_eq!(run.status, Some(101), "{run:#?}");
        let shown = run.captured("subject::threads::deadlock::with_python");
        assert!(shown.ends_with("note: test timed out after 1s"), "{shown}");
        run.assert_contains("test result: FAILED. ");
    }
}
