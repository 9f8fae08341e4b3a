//! The captured output of tests, and the paths that the interpreter reports of itself.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pyo3::prelude::*;

use crate::commands::with_default_sigint;
use crate::rerun::{Run, command};

crate::by_hand::tests!(
    output_of_tests_that_run_at_once_is_told_apart,
    what_compiled_code_prints_for_a_coroutine_is_shown_with_its_test,
    a_callback_may_have_a_context_of_another_kind,
    the_loop_does_not_wait_for_a_test_that_holds_stdout,
    what_a_stream_prints_is_shown_with_the_test_that_made_it,
    errors_that_nobody_receives_are_shown_with_their_test,
    a_thread_that_a_test_starts_belongs_to_it,
    threads_that_a_coroutine_starts_belong_to_its_test,
    groups_and_notes_are_shown,
    output_of_passing_tests_is_not_shown,
    nocapture_shows_python_output_in_its_order,
    text_that_is_not_ascii_is_printed_in_the_c_locale,
    lone_surrogates_are_printed_as_the_stream_has_it,
    a_stream_that_a_test_replaces_is_put_back,
    a_stream_that_a_test_redirects_for_a_while_is_left_to_it,
    arguments_and_the_folder_of_the_file_are_known_to_python,
    a_virtual_environment_is_found_that_is_only_named,
    an_environment_of_another_version_is_passed_over,
);

fn output_of_tests_that_run_at_once_is_told_apart() {
    let run = Run::new("--exact subject::prints::one subject::prints::two --test-threads 2");
    assert_eq!(run.status, Some(101), "{run:#?}");
    for (name, sister) in [("one", "two"), ("two", "one")] {
        let shown = run.captured(&format!("subject::prints::{name}"));
        assert!(!shown.contains(&format!("{sister}: ")), "{shown}");
        assert_eq!(
            shown.matches(&format!("{name}: coroutine\n")).count(),
            20,
            "{shown}"
        );
        for part in [
            "rust",
            "python",
            "error stream",
            "child",
            "thread",
            "rust again",
            "future",
            "first poll",
            "spawned",
            "cancelled",
            "given up",
        ] {
            assert!(
                shown.contains(&format!("{name}: {part}\n")),
                "{part} is not in {shown}"
            );
        }
        assert!(
            shown.contains(&format!("WARNING:root:{name}: logging\n")),
            "{shown}"
        );
        assert!(
            shown.contains(&format!("UserWarning: {name}: warnings\n")),
            "{shown}"
        );
        assert!(shown.contains("ZeroDivisionError"), "{shown}");
    }
    assert_eq!(run.stderr, "");
}

fn what_compiled_code_prints_for_a_coroutine_is_shown_with_its_test() {
    let run = Run::new("--exact subject::compiled::one subject::compiled::two --test-threads 2");
    for (name, sister) in [("one", "two"), ("two", "one")] {
        let shown = run.captured(&format!("subject::compiled::{name}"));
        for part in [
            "first step",
            "callback",
            "timer",
            "coroutine",
            "awaitable",
            "coroutine, error stream",
            "descriptor",
            "has fallen",
        ] {
            let line = format!("{name}: {part}\n");
            assert!(shown.contains(&line), "{part} is not in {shown}");
        }
        let unretrieved = format!("ValueError: {name}: never retrieved\n");
        assert!(shown.contains(&unretrieved), "{shown}");
        assert!(!shown.contains(&format!("{sister}: ")), "{shown}");
    }
    assert_eq!(run.stderr, "");
}

fn a_callback_may_have_a_context_of_another_kind() {
    let run = Run::new("compiled::has_a_context_of_its_own");
    run.assert_contains("test result: ok. 1 passed;");
}

fn the_loop_does_not_wait_for_a_test_that_holds_stdout() {
    let run = Run::new("compiled::waits_for_the_loop_with_stdout_locked");
    run.assert_contains("test result: ok. 1 passed;");
}

fn what_a_stream_prints_is_shown_with_the_test_that_made_it() {
    let run = Run::new("--exact subject::streams::prints");
    let shown = run.captured("subject::streams::prints");
    for part in [
        "poll 1",
        "item 1",
        "poll 2",
        "poll 3",
        "item 3",
        "poll 4",
        "dropped after 4",
        "dropped after 1",
    ] {
        let line = format!("{part}\n");
        assert!(shown.contains(&line), "{part} is not in {run:#?}");
    }
}

fn errors_that_nobody_receives_are_shown_with_their_test() {
    let run = Run::new("--exact subject::prints::unreceived");
    let shown = run.captured("subject::prints::unreceived");
    for part in [
        // "Exception ignored in:", and "while calling deallocator" from Python 3.14 on.
        "Exception ignored ",
        "<function Broken.__del__ at ",
        "ValueError: in a finalizer\n",
        "Task exception was never retrieved\n",
        "ValueError: never retrieved\n",
        "RuntimeWarning: coroutine 'fails' was never awaited\n",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    assert_eq!(run.stderr, "");
}

fn a_thread_that_a_test_starts_belongs_to_it() {
    let run = Run::new("--exact subject::prints::in_a_thread");
    let shown = run.captured("subject::prints::in_a_thread");
    assert!(shown.contains("printed in a thread\n"), "{shown}");
    assert!(
        shown.contains("ValueError: raised in a thread\n"),
        "{shown}"
    );
    assert_eq!(run.stderr, "");
}

fn threads_that_a_coroutine_starts_belong_to_its_test() {
    let run = Run::new("prints::threads_ --test-threads 2");
    for (name, other) in [("one", "two"), ("two", "one")] {
        let shown = run.captured(&format!("subject::prints::threads_{name}"));
        for part in [
            "thread",
            "descriptor",
            "thread of a thread",
            "shared pool",
            "pool of the loop",
            "called back",
        ] {
            let line = format!("{name}: {part}\n");
            assert!(shown.contains(&line), "{part} is not in {shown}");
        }
        let raised = format!("ValueError: {name}: raised in a thread\n");
        assert!(shown.contains(&raised), "{shown}");
        assert!(!shown.contains(other), "{shown}");
    }
    assert_eq!(run.stderr, "");
}

fn groups_and_notes_are_shown() {
    let run = Run::new("--exact subject::prints::a_group_with_a_note");
    let shown = run.captured("subject::prints::a_group_with_a_note");
    assert!(shown.contains("ValueError: inner\n"), "{shown}");
    let has_groups = Python::attach(|py| py.version_info() >= (3, 11));
    assert_eq!(
        shown.contains("ExceptionGroup: the group (1 sub-exception)"),
        has_groups,
        "{shown}"
    );
    assert_eq!(shown.contains("the note\n"), has_groups, "{shown}");
}

fn output_of_passing_tests_is_not_shown() {
    let run = Run::new("accented");
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_lacks("caf");
    Run::new("accented --show-output").assert_contains("caf\u{e9}\n");
}

fn nocapture_shows_python_output_in_its_order() {
    let run = Run::new("--nocapture --test-threads 1 --exact subject::prints::one");
    let place = |text: &str| {
        run.stdout
            .find(text)
            .unwrap_or_else(|| panic!("{text} is not in {run:#?}"))
    };
    assert!(place("one: rust\n") < place("one: python\n"), "{run:#?}");
    assert!(
        place("one: python\n") < place("one: coroutine\n"),
        "{run:#?}"
    );
    assert!(run.stderr.contains("one: error stream\n"), "{run:#?}");
}

fn text_that_is_not_ascii_is_printed_in_the_c_locale() {
    let run = Run::with("accented --show-output", |command| {
        command
            .env_remove("LANG")
            .env_remove("LC_CTYPE")
            .env("LC_ALL", "C");
    });
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains("caf\u{e9}\n");
}

fn lone_surrogates_are_printed_as_the_stream_has_it() {
    let run = |test: &str, errors: &str| {
        let arguments = format!("--show-output --exact subject::prints::surrogate_to_{test}");
        Run::with(&arguments, |command| {
            command.env("PYTHONIOENCODING", format!("utf-8:{errors}"));
        })
    };
    let strict = run("stdout", "strict");
    let shown = strict.captured("subject::prints::surrogate_to_stdout");
    assert!(shown.contains("before\n"), "{shown}");
    let error = "UnicodeEncodeError: 'utf-8' codec can't encode character '\\udce9' in position 3: surrogates not allowed\n";
    assert!(shown.contains(error), "{shown}");
    // The byte is not UTF-8, which the report is.
    let escaped = run("stdout", "surrogateescape");
    let shown = escaped.captured("subject::prints::surrogate_to_stdout");
    assert_eq!(shown, "before\ncaf\u{fffd}\n");
    // Standard error is never strict.
    let lenient = run("stderr", "strict");
    let shown = lenient.captured("subject::prints::surrogate_to_stderr");
    assert_eq!(shown, "caf\\udce9\n");
    for run in [strict, escaped, lenient] {
        assert_eq!(run.stderr, "");
    }
}

fn a_stream_that_a_test_replaces_is_put_back() {
    let run = Run::new("subject::replaced:: --skip at_once --show-output --test-threads 1");
    assert_eq!(run.status, Some(0), "{run:#?}");
    for (test, shown) in [
        (
            "a_replaces",
            "note: `sys.stdout` was a `StringIO` at the end of the test, and is put back\n",
        ),
        ("b_finds_stdout", "printed as ever\n"),
        ("d_finds_stderr", "told as ever\n"),
    ] {
        let captured = run.captured(&format!("subject::replaced::{test}"));
        assert_eq!(captured, shown);
    }
    let captured = run.captured("subject::replaced::c_deletes_before_its_panic");
    let note = "note: `sys.stderr` was missing at the end of the test, and is put back\n";
    assert!(captured.contains(note), "{captured}");
    assert_eq!(run.stderr, "");
}

fn a_stream_that_a_test_redirects_for_a_while_is_left_to_it() {
    let run = Run::new("subject::replaced::at_once:: --show-output --test-threads 2");
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains("test result: ok. 3 passed;");
    run.assert_lacks("note:");
}

const DESCRIBE: &str = "--show-output --exact subject::interpreter::describes_itself";

fn arguments_and_the_folder_of_the_file_are_known_to_python() {
    let run = Run::of(with_default_sigint(&command(DESCRIBE)).output().unwrap());
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_contains(&format!("argv={DESCRIBE}\n"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pytests/test_harness_reports");
    run.assert_contains(&format!("path[0]={}\n", folder.display()));
    run.assert_contains("child agrees=True\n");
    run.assert_contains("sigint=True\n");
    run.assert_contains("utf8=utf-8\n");
}

/// A virtual environment of the Python that these tests run on.
struct Environment(PathBuf);

impl Environment {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("pyo3-aio-{}-{name}", std::process::id()));
        let executable: PathBuf =
            Python::attach(|py| py.import("sys")?.getattr("executable")?.extract()).unwrap();
        let made = Command::new(executable)
            .args(["-m", "venv", "--without-pip"])
            .arg(&path)
            .status();
        assert!(made.unwrap().success());
        Self(path.canonicalize().unwrap())
    }

    fn describe(&self) -> Run {
        Run::with(DESCRIBE, |command| {
            command
                .env("VIRTUAL_ENV", &self.0)
                .env("PATH", "/usr/bin:/bin");
        })
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn a_virtual_environment_is_found_that_is_only_named() {
    let environment = Environment::new("named");
    let run = environment.describe();
    assert_eq!(run.status, Some(0), "{run:#?}");
    let path = environment.0.display();
    run.assert_contains(&format!("prefix={path}\n"));
    run.assert_contains(&format!("executable={path}/bin/python3\n"));
    run.assert_contains(&format!("on PATH={path}/bin/python3\n"));
    run.assert_contains("child agrees=True\n");
}

fn an_environment_of_another_version_is_passed_over() {
    let environment = Environment::new("other");
    fs::write(
        environment.0.join("pyvenv.cfg"),
        "home = /usr/bin\nversion = 3.1.4\n",
    )
    .unwrap();
    let run = environment.describe();
    assert_eq!(run.status, Some(0), "{run:#?}");
    assert!(
        run.stderr.contains("warning: VIRTUAL_ENV is passed over"),
        "{run:#?}"
    );
    run.assert_lacks(&format!("prefix={}\n", environment.0.display()));
}
