//! Exit status and output of programs whose main function has an attribute. The tests are put together by hand, as in
//! pyo3-asyncio's guide.
//!
//! It has a `main` of its own, since it runs itself as one of these programs.
#![expect(clippy::unwrap_used, reason = "these are tests")]
#![expect(clippy::print_stdout, reason = "what is printed is looked at")]

#[path = "fixtures/by_hand.rs"]
mod by_hand;
#[path = "fixtures/commands.rs"]
mod commands;
#[cfg(unix)]
#[path = "fixtures/forked.rs"]
mod forked;
#[cfg(target_os = "linux")]
#[path = "fixtures/setenv.rs"]
mod setenv;

use std::env;
use std::ffi::CStr;
use std::fs;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3_aio::async_std::testing::{new_sync_test, test_main};
use pyo3_aio::testing::Test;

use crate::commands::{limited, with_default_sigint};

/// Tells the binary which program to be.
const PROGRAM: &str = "PYO3_AIO_TEST_PROGRAM";

fn main() -> ExitCode {
    match env::var(PROGRAM) {
        Ok(name) => program(&name)(),
        Err(_) => {
            let mut tests = by_hand::new(TESTS);
            tests.extend(guide());
            test_main("Main functions", tests);
            ExitCode::SUCCESS
        }
    }
}

/// The main function of this name.
fn program(name: &str) -> fn() -> ExitCode {
    match name {
        "ends" => ends,
        "ends_on_one_thread" => ends_on_one_thread,
        "ends_on_async_std" => ends_on_async_std,
        "ends_on_smol" => ends_on_smol,
        "raises" => raises,
        "returns_an_error" => returns_an_error,
        "exits" => exits,
        "exits_with_words" => exits_with_words,
        "exits_with_nothing" => exits_with_nothing,
        "exits_with_many_bits" => exits_with_many_bits,
        "is_interrupted" => is_interrupted,
        "panics" => panics,
        "leaves_things_to_python" => leaves_things_to_python,
        "changes_the_environment" => changes_the_environment,
        "forks_while_tokio_is_built" => forks_while_tokio_is_built,
        _ => panic!("no program has the name {name}"),
    }
}

by_hand::tests!(
    a_main_function_runs_on_every_runtime,
    an_exception_is_printed_with_its_traceback,
    an_error_of_rust_is_printed_as_rust_prints_it,
    an_exit_has_its_status,
    words_of_an_exit_are_printed,
    ctrl_c_is_status_130,
    a_panic_is_an_exception,
    what_python_does_at_its_exit_is_done,
    a_standard_error_that_is_full_changes_no_status,
    the_environment_is_changed_before_a_thread_starts,
    a_child_that_was_forked_while_tokio_was_built_builds_its_own,
);

/// The tests of the guide, and one on another runtime than that of `test_main`.
fn guide() -> [Test; 3] {
    [
        Test::new_async("sleeps_asynchronously".into(), async {
            let sleep = Python::attach(|py| {
                let asyncio = py.import("asyncio")?;
                pyo3_aio::async_std::into_future(asyncio.call_method1("sleep", (1,))?)
            })?;
            sleep.await?;
            Ok(())
        }),
        new_sync_test("sleeps_synchronously".into(), || {
            thread::sleep(Duration::from_secs(1));
            Ok(())
        }),
        pyo3_aio::tokio::testing::new_sync_test("has_a_runtime_of_its_own".into(), || {
            tokio::runtime::Handle::current().block_on(async { Ok(()) })
        }),
    ]
}

/// Runs Python code in a main function.
fn python(code: &CStr) -> PyResult<()> {
    Python::attach(|py| py.run(code, None, None))
}

#[pyo3_aio::tokio::main]
async fn ends() {
    tokio::task::yield_now().await;
    println!("the end");
}

#[pyo3_aio::tokio::main(flavor = "current_thread")]
async fn ends_on_one_thread() -> PyResult<()> {
    tokio::task::yield_now().await;
    println!("the end");
    Ok(())
}

#[pyo3_aio::async_std::main]
async fn ends_on_async_std() -> Result<(), String> {
    async_std::task::yield_now().await;
    println!("the end");
    Ok(())
}

#[pyo3_aio::smol::main]
async fn ends_on_smol() {
    smol::future::yield_now().await;
    println!("the end");
}

#[pyo3_aio::tokio::main]
async fn raises() -> PyResult<()> {
    python(c"def raises():\n    raise ValueError('the text')\nraises()")
}

#[pyo3_aio::tokio::main]
async fn returns_an_error() -> Result<(), String> {
    Err("the \"text\"".to_owned())
}

#[pyo3_aio::tokio::main]
async fn exits() -> PyResult<()> {
    python(c"raise SystemExit(7)")
}

#[pyo3_aio::tokio::main]
async fn exits_with_words() -> PyResult<()> {
    python(c"raise SystemExit('words')")
}

#[pyo3_aio::tokio::main]
async fn exits_with_nothing() -> PyResult<()> {
    python(c"raise SystemExit")
}

#[pyo3_aio::tokio::main]
async fn exits_with_many_bits() -> PyResult<()> {
    python(c"raise SystemExit(-1)")
}

/// Ctrl-C comes while the main function waits.
#[pyo3_aio::tokio::main]
async fn is_interrupted() -> PyResult<()> {
    python(
        c"
import os, signal, threading
threading.Timer(.1, os.kill, (os.getpid(), signal.SIGINT)).start()
",
    )?;
    std::future::pending().await
}

#[pyo3_aio::tokio::main]
async fn panics() {
    panic!("the text");
}

#[pyo3_aio::tokio::main]
async fn leaves_things_to_python() -> PyResult<()> {
    python(
        c"
import atexit, sys, threading, time
def works():
    time.sleep(.1)
    sys.stdout.write('a thread, ')
atexit.register(lambda: sys.stdout.write('an exit function, flushed'))
# What a thread starts that is not Python's is a daemon, unless told otherwise.
threading.Thread(target=works, daemon=False).start()
",
    )
}

#[cfg(target_os = "linux")]
#[pyo3_aio::tokio::main(flavor = "current_thread")]
async fn changes_the_environment() {
    let (calls, among_threads) = setenv::calls();
    println!("called: {}, among threads: {among_threads}", calls > 0);
}

#[cfg(not(target_os = "linux"))]
fn changes_the_environment() -> ExitCode {
    ExitCode::SUCCESS
}

/// One thread builds the runtime, which takes a while, when another one forks.
#[cfg(unix)]
fn forks_while_tokio_is_built() -> ExitCode {
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    // It is called by the thread that builds.
    builder.worker_threads(1).thread_name_fn(move || {
        let _ = sender.send(());
        thread::sleep(Duration::from_millis(300));
        "worker".to_owned()
    });
    pyo3_aio::tokio::init(builder).unwrap();
    let builds = thread::spawn(|| {
        pyo3_aio::tokio::get_handle();
    });
    receiver.recv().unwrap();
    let has_ended_well = forked::ends_well(|| {
        pyo3_aio::tokio::get_handle();
    });
    builds.join().unwrap();
    ExitCode::from(u8::from(!has_ended_well))
}

#[cfg(not(unix))]
fn forks_while_tokio_is_built() -> ExitCode {
    ExitCode::SUCCESS
}

/// The program, without what could hide a fault.
fn command(program: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .env_remove("PYTHONUNBUFFERED")
        .env_remove("RUST_BACKTRACE")
        .env(PROGRAM, program);
    limited(&with_default_sigint(&command))
}

/// The status, standard output and standard error.
fn ended(program: &str) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command(program).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

fn a_main_function_runs_on_every_runtime() {
    for program in [
        "ends",
        "ends_on_one_thread",
        "ends_on_async_std",
        "ends_on_smol",
    ] {
        let expected = (Some(0), "the end\n".to_owned(), String::new());
        assert_eq!(ended(program), expected, "{program}");
    }
}

fn an_exception_is_printed_with_its_traceback() {
    let (status, _, stderr) = ended("raises");
    assert_eq!(status, Some(1));
    assert!(
        stderr.starts_with("Traceback (most recent call last):\n"),
        "{stderr}"
    );
    assert!(stderr.contains(", in raises\n"), "{stderr}");
    assert!(stderr.ends_with("\nValueError: the text\n"), "{stderr}");
}

fn an_error_of_rust_is_printed_as_rust_prints_it() {
    let expected = "Error: \"the \\\"text\\\"\"\n".to_owned();
    assert_eq!(
        ended("returns_an_error"),
        (Some(1), String::new(), expected)
    );
}

fn an_exit_has_its_status() {
    for (program, status) in [
        ("exits", 7),
        ("exits_with_nothing", 0),
        ("exits_with_many_bits", 255),
    ] {
        let expected = (Some(status), String::new(), String::new());
        assert_eq!(ended(program), expected, "{program}");
    }
}

fn words_of_an_exit_are_printed() {
    let expected = (Some(1), String::new(), "words\n".to_owned());
    assert_eq!(ended("exits_with_words"), expected);
}

fn ctrl_c_is_status_130() {
    let (status, _, stderr) = ended("is_interrupted");
    assert_eq!(status, Some(130));
    assert!(stderr.contains("KeyboardInterrupt"), "{stderr}");
}

fn a_panic_is_an_exception() {
    let (status, _, stderr) = ended("panics");
    assert_eq!(status, Some(1));
    assert!(stderr.contains("the text"), "{stderr}");
    assert!(stderr.contains("RustPanic"), "{stderr}");
}

fn what_python_does_at_its_exit_is_done() {
    let expected = "a thread, an exit function, flushed".to_owned();
    assert_eq!(
        ended("leaves_things_to_python"),
        (Some(0), expected, String::new())
    );
}

fn a_standard_error_that_is_full_changes_no_status() {
    if !cfg!(target_os = "linux") {
        return;
    }
    for (program, status) in [
        ("raises", 1),
        ("returns_an_error", 1),
        ("exits_with_words", 1),
        ("is_interrupted", 130),
    ] {
        let full = File::create("/dev/full").unwrap();
        let ended = command(program).stderr(full).status().unwrap();
        assert_eq!(ended.code(), Some(status), "{program}");
    }
}

fn a_child_that_was_forked_while_tokio_was_built_builds_its_own() {
    let expected = (Some(0), String::new(), String::new());
    assert_eq!(ended("forks_while_tokio_is_built"), expected);
}

/// `VIRTUAL_ENV` and `PATH` are set, so that child processes find the environment that was chosen. This process has been
/// started by `test_main`, and the other one by an attribute.
fn the_environment_is_changed_before_a_thread_starts() {
    #[cfg(target_os = "linux")]
    assert_eq!(setenv::calls().1, 0);
    if !cfg!(target_os = "linux") {
        return;
    }
    let folder = env::temp_dir().join(format!("pyo3-aio-main-{}", std::process::id()));
    make_environment(&folder);
    let output = command("changes_the_environment")
        .env("PYO3_ASYNC_TEST_PYTHON", &folder)
        .output()
        .unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let counts = String::from_utf8(output.stdout).unwrap();
    assert_eq!(counts, "called: true, among threads: 0\n");
}

/// Makes a virtual environment of the Python that runs the tests.
fn make_environment(folder: &Path) {
    let (executable, version) = Python::attach(|py| {
        let facts = c"(__import__('os').path.realpath(__import__('sys').executable), __import__('platform').python_version())";
        py.eval(facts, None, None)?.extract::<(PathBuf, String)>()
    })
    .unwrap();
    let home = executable.parent().unwrap().display();
    fs::create_dir_all(folder.join("bin")).unwrap();
    fs::write(
        folder.join("pyvenv.cfg"),
        format!("home = {home}\nversion = {version}\n"),
    )
    .unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&executable, folder.join("bin/python3")).unwrap();
}
