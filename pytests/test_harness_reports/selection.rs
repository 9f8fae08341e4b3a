//! Which tests are run, and when Python is.

use crate::rerun::Run;

crate::by_hand::tests!(
    an_unknown_option_ends_with_101_and_the_message_of_libtest,
    filters_choose_and_skip,
    quiet_prints_dots,
    one_thread_runs_tests_in_their_order,
    the_list_does_not_start_python,
    an_empty_selection_does_not_start_python,
    a_run_of_ignored_tests_only_does_not_start_python,
    a_python_that_cannot_start_says_so,
    nextest_gets_the_list_that_it_wants,
    a_list_for_programs_has_the_places_of_tests,
    each_worker_has_its_own_interpreter,
    tags_choose_tests_of_every_runtime,
    an_unknown_tag_does_not_start_python,
);

fn an_unknown_option_ends_with_101_and_the_message_of_libtest() {
    let run = Run::new("--bogus");
    assert_eq!(run.status, Some(101));
    assert_eq!(run.stderr, "error: Unrecognized option: 'bogus'\n");
    assert_eq!(run.stdout, "");
}

fn filters_choose_and_skip() {
    let run = Run::new("passes --skip sync");
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains("running 1 test\ntest subject::ends::passes ... ok\n");
    let run = Run::new("--exact subject::ends::passes_synchronously");
    run.assert_contains("running 1 test\ntest subject::ends::passes_synchronously ... ok\n");
    let run = Run::new("--ignored ends::ignored");
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains("test subject::ends::ignored ... FAILED\n");
}

fn quiet_prints_dots() {
    let run = Run::new("-q passes");
    run.assert_contains("\nrunning 2 tests\n..\ntest result: ok.");
}

fn one_thread_runs_tests_in_their_order() {
    let run = Run::new("--test-threads 1 passes");
    run.assert_contains(
        "test subject::ends::passes ... ok\ntest subject::ends::passes_synchronously ... ok\n",
    );
}

/// Runs the subject with a Python that cannot start.
fn without_python(arguments: &str) -> Run {
    Run::with(arguments, |command| {
        command.env("PYTHONHOME", "/nonexistent");
    })
}

fn the_list_does_not_start_python() {
    let run = without_python("--list");
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains("subject::ends::passes: test\n");
    assert_eq!(run.stderr, "");
}

fn an_empty_selection_does_not_start_python() {
    let run = without_python("no_such_test");
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains("running 0 tests\n");
    assert_eq!(run.stderr, "");
}

fn a_run_of_ignored_tests_only_does_not_start_python() {
    let run = without_python("ends::ignored");
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains("1 ignored;");
    assert_eq!(run.stderr, "");
}

fn a_python_that_cannot_start_says_so() {
    let run = without_python("passes");
    assert_eq!(run.status, Some(1), "{run:#?}");
    assert!(run.stderr.contains("encodings"), "{run:#?}");
}

fn nextest_gets_the_list_that_it_wants() {
    let run = Run::new("--list --format terse");
    assert!(
        run.stdout.lines().all(|line| line.ends_with(": test")),
        "{run:#?}"
    );
    let run = Run::new("--list --format terse --ignored ends::");
    assert_eq!(run.stdout, "subject::ends::ignored: test\n");
    let run = Run::new("--exact subject::ends::passes --nocapture");
    assert_eq!(run.status, Some(0), "{run:#?}");
}

fn a_list_for_programs_has_the_places_of_tests() {
    let run = without_python("--list --format json -Zunstable-options ends::passes");
    assert_eq!(run.status, Some(0), "{run:#?}");
    let line = include_str!("subject.rs")
        .lines()
        .position(|line| line.contains("async fn passes()"))
        .unwrap()
        + 1;
    let test = "\"name\": \"subject::ends::passes\"";
    let listed = run.stdout.lines().find(|line| line.contains(test)).unwrap();
    let file = "\"source_path\": \"pytests/test_harness_reports/subject.rs\"";
    assert!(listed.contains(file), "{listed}");
    let start = format!("\"start_line\": {line}, \"start_col\": 14");
    assert!(listed.contains(&start), "{listed}");
}

/// One test ends its process; another finds that its own is not the one that was started.
fn each_worker_has_its_own_interpreter() {
    let run = Run::new("subject::isolation:: --isolate --show-output");
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains("test subject::isolation::kills_its_process ... FAILED\n");
    run.assert_contains("test subject::isolation::runs_in_a_child ... ok\n");
    run.assert_contains("test result: FAILED. 1 passed; 1 failed;");
    let shown = run.captured("subject::isolation::runs_in_a_child");
    assert!(shown.contains("on the loop of a child\n"), "{shown}");
}

fn tags_choose_tests_of_every_runtime() {
    let run = Run::new("--test-threads 1 --tag of_settings");
    run.assert_contains("running 3 tests\n");
    assert_eq!(run.status, Some(0), "{run:#?}");
    let run = Run::new("--list --format terse --tag of_settings/not/slow");
    assert_eq!(run.status, Some(101), "{run:#?}");
    let run = Run::with("--list --format terse", |command| {
        command.env("LIBTEST_ASYNC_TAG", "of_settings and not slow");
    });
    let expected =
        "subject::settings::tags::of_one_tag: test\nsubject::settings::tags::without_await: test\n";
    assert_eq!(run.stdout, expected);
}

fn an_unknown_tag_does_not_start_python() {
    let run = without_python("--tag unknown");
    let expected = "error: unknown tag `unknown` in --tag: the tests have the tags generated, of_settings, slow\n";
    assert_eq!((run.stderr.as_str(), run.status), (expected, Some(101)));
}
