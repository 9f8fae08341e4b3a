//! Python programs that use the example's extension module.
//!
//! Each is a process of its own, of the Python that the tests were built for, without anything in its environment that
//! could hide a fault.

mod background;
mod cpython;
mod daemon_loops;
mod exit;
#[cfg(unix)]
mod fork;
mod nest_asyncio;
mod refusals;
mod shutdown;
mod signals;
mod threads;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// The number of times that a program has to end well. CI sets the variable to have more.
fn repetitions() -> usize {
    std::env::var("PYO3_AIO_EXIT_REPETITIONS").map_or(20, |count| count.parse().unwrap())
}

/// The time that one program may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Runs a program several times, each with status 0 and an empty stderr.
pub(crate) fn all_end_well(program: &str) {
    for repetition in 0..repetitions() {
        let (status, stderr) = run(program);
        assert!(
            status.success() && stderr.is_empty(),
            "repetition {repetition}: {status}\n{stderr}"
        );
    }
}

/// Runs a program, which has to end with that status and an empty stderr.
pub(crate) fn ends_with(status: i32, program: &str) {
    let (ended, stderr) = run(program);
    assert_eq!((ended.code(), stderr.as_str()), (Some(status), ""));
}

/// Runs a program; returns its status and what it wrote on stderr.
pub(crate) fn run(program: &str) -> (ExitStatus, String) {
    run_within(TIMEOUT, &["-c", program])
}

/// Runs Python with these arguments, as [`run`] does.
pub(crate) fn run_within(limit: Duration, arguments: &[&str]) -> (ExitStatus, String) {
    let mut child = Command::new(python())
        .args(arguments)
        .env_clear()
        .env("PYTHONPATH", folder_of_the_module())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    let started = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if started.elapsed() > limit => {
                child.kill().unwrap();
                panic!("the program hangs: {}", arguments.join(" "));
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    (status, reader.join().unwrap())
}

/// The interpreter without its virtual environment, whose start would only take longer.
fn python() -> PathBuf {
    let code = c"__import__('os').path.realpath(__import__('sys').executable)";
    Python::attach(|py| py.eval(code, None, None)?.extract()).unwrap()
}

/// A folder with the module under the name by which Python finds it.
fn folder_of_the_module() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let built = std::env::current_exe()
            .unwrap()
            .ancestors()
            .nth(2)
            .unwrap()
            .join("examples")
            .join(format!(
                "{}extension{}",
                std::env::consts::DLL_PREFIX,
                std::env::consts::DLL_SUFFIX
            ));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(env!("CARGO_CRATE_NAME"));
        std::fs::create_dir_all(&folder).unwrap();
        // Under another name first: a program that another run has started would crash if its module were written to.
        let copy = folder.join(format!("extension.{}", std::process::id()));
        std::fs::copy(&built, &copy).unwrap_or_else(|error| {
            let built = built.display();
            panic!("{built}: {error}; build it with `cargo build --example extension`")
        });
        std::fs::rename(copy, folder.join("extension.so")).unwrap();
        folder
    })
}
