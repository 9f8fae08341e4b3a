//! A binary without `capture!`: the texts of panics are captured, and what is printed is not.

use std::process::{Command, ExitCode, Output};

use libtest_async::{Arguments, Failed, Trial};

/// Says to a child process that it is one.
const VARIABLE: &str = "LIBTEST_ASYNC_PLAIN";

pub(crate) fn trials() -> Vec<Trial> {
    let test = |name: &str, body: fn()| {
        Trial::test(format!("plain::{name}"), move || {
            body();
            Ok::<(), Failed>(())
        })
    };
    vec![
        test(
            "a_panic_is_shown_with_its_test",
            a_panic_is_shown_with_its_test,
        ),
        test(
            "an_async_panic_names_its_test",
            an_async_panic_names_its_test,
        ),
        test("prints_pass_through", prints_pass_through),
        test(
            "prints_stand_beside_a_report_for_machines",
            prints_stand_beside_a_report_for_machines,
        ),
        test(
            "backtraces_start_and_end_at_the_test",
            backtraces_start_and_end_at_the_test,
        ),
    ]
}

/// Runs the fixture if this process is to do so.
pub(crate) fn run_as_child() -> Option<ExitCode> {
    std::env::var_os(VARIABLE)?;
    let trials = vec![
        Trial::test("panics", panics),
        Trial::test("prints", || {
            use std::io::Write;
            writeln!(std::io::stdout(), "printed").map_err(Failed::from)
        }),
        Trial::async_test("awaits", async { panic!("awaited") }).with_block_on(poll_once),
    ];
    Some(libtest_async::run(&Arguments::from_args(), trials).exit_code())
}

#[inline(never)]
fn panics() -> Result<(), Failed> {
    panic!("with a text")
}

fn poll_once(mut future: libtest_async::TestFuture) {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let _ = future.as_mut().poll(&mut cx);
}

fn child(args: &[&str], backtrace: &str) -> (String, String) {
    let Output { stdout, stderr, .. } = Command::new(std::env::current_exe().unwrap())
        .args(args)
        .env(VARIABLE, "1")
        .env("RUST_BACKTRACE", backtrace)
        .env_remove("NEXTEST")
        .env_remove("GITHUB_ACTIONS")
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (text(&stdout), text(&stderr))
}

fn a_panic_is_shown_with_its_test() {
    let (stdout, stderr) = child(&["--exact", "panics"], "0");
    assert!(
        stdout.contains("\n---- panics stdout ----\n\nthread 'panics' "),
        "{stdout}"
    );
    assert!(stdout.contains("plain.rs:"), "{stdout}");
    assert!(
        stdout.contains("with a text\nnote: run with `RUST_BACKTRACE=1` "),
        "{stdout}"
    );
    assert_eq!(stderr, "");
}

fn an_async_panic_names_its_test() {
    let (stdout, stderr) = child(&["awaits"], "0");
    assert!(stdout.contains("\nthread 'awaits' "), "{stdout}");
    assert_eq!(stderr, "");
    let (_, stderr) = child(&["awaits", "--nocapture"], "0");
    assert!(stderr.starts_with("\nthread 'awaits' "), "{stderr}");
}

fn prints_pass_through() {
    let (stdout, _) = child(&["prints", "--test-threads=1"], "0");
    assert!(
        stdout.starts_with("\nrunning 1 test\ntest prints ... printed\nok\n"),
        "{stdout}"
    );
}

fn prints_stand_beside_a_report_for_machines() {
    let (stdout, stderr) = child(&["prints", "--format=json"], "0");
    let is_object = |line: &str| line.starts_with("{ ") && line.ends_with(" }");
    assert!(stdout.lines().all(is_object), "{stdout}");
    assert_eq!((stdout.lines().count(), stderr.as_str()), (4, "printed\n"));
}

fn backtraces_start_and_end_at_the_test() {
    let (stdout, _) = child(&["--exact", "panics"], "1");
    let (_, backtrace) = stdout.split_once("stack backtrace:\n").unwrap();
    assert!(backtrace.contains("consumer::plain::panics"), "{backtrace}");
    for frame in [
        "__rust_end_short_backtrace",
        "__rust_begin_short_backtrace",
        "run_as_child",
    ] {
        assert!(!backtrace.contains(frame), "{frame}: {backtrace}");
    }
}
