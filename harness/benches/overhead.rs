//! Measures what a test costs beyond its own work: under libtest, under libtest-mimic and here.
//!
//! `cargo bench -p libtest-async --bench overhead`. Every row is the best of some runs of a child
//! process with that many tests that do nothing, less the best with one test, by the test.
//!
//! Each test, async too, has a thread of its own, with a name and fresh thread-local variables, as under
//! libtest, unless `--reuse-threads` is given. The first row shows what such threads cost without any
//! harness.

#![expect(clippy::unwrap_used, reason = "this is a benchmark")]
#![expect(clippy::print_stdout, reason = "it prints what it measured")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_async::{Arguments, Trial};

libtest_async::capture!();

const TESTS: usize = 10_000;
const ROUNDS: usize = 5;
/// Tells a child what it is, and how many tests it has.
const VARIABLE: &str = "LIBTEST_ASYNC_OVERHEAD";

fn main() {
    if let Ok(value) = std::env::var(VARIABLE) {
        let (kind, count) = value.split_once(':').unwrap();
        return child(kind, count.parse().unwrap());
    }
    println!("{:<40} {:>12} {:>12}", "", "1 thread", "2 threads");
    let kinds = [
        "threads",
        "libtest",
        "mimic",
        "sync",
        "async",
        "reused",
        "reused async",
    ];
    for kind in kinds {
        print_row(title(kind), kind, &[]);
    }
    for kind in ["sync", "reused"] {
        let title = format!("{}, in workers", title(kind));
        print_row(&title, kind, &["--isolate"]);
    }
    for kind in ["libtest", "mimic", "sync"] {
        let time = best(kind, TESTS, &["--list"]);
        println!(
            "--list of {TESTS}, {:<23} {:>9.2} ms",
            title(kind),
            time.as_secs_f64() * 1e3
        );
    }
}

fn print_row(title: &str, kind: &str, args: &[&str]) {
    let cost = |threads| per_test(kind, &[args, &[threads]].concat());
    let (one, two) = (cost("--test-threads=1"), cost("--test-threads=2"));
    println!("{title:<40} {one:>9.2} us {two:>9.2} us");
}

fn title(kind: &str) -> &str {
    match kind {
        "threads" => "threads that do nothing",
        "libtest" => "libtest",
        "mimic" => "libtest-mimic (captures nothing)",
        "sync" => "here, functions",
        "async" => "here, futures",
        "reused" => "here, functions, --reuse-threads",
        _ => "here, futures, --reuse-threads",
    }
}

/// Returns the microseconds that a test costs.
fn per_test(kind: &str, args: &[&str]) -> f64 {
    let (many, one) = (best(kind, TESTS, args), best(kind, 1, args));
    many.saturating_sub(one).as_secs_f64() * 1e6 / TESTS as f64
}

fn best(kind: &str, count: usize, args: &[&str]) -> Duration {
    let program = match kind {
        "libtest" => libtest(count),
        _ => std::env::current_exe().unwrap(),
    };
    let run = || {
        let mut command = Command::new(&program);
        command
            .args(args)
            .env(VARIABLE, format!("{kind}:{count}"))
            .stdout(Stdio::null());
        let start = Instant::now();
        assert!(command.status().unwrap().success());
        start.elapsed()
    };
    (0..ROUNDS).map(|_| run()).min().unwrap()
}

/// Compiles so many tests under Rust's own harness.
fn libtest(count: usize) -> PathBuf {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("overhead-{count}"));
    if program.exists() {
        return program;
    }
    let source = program.with_extension("rs");
    let tests: String = (0..count)
        .map(|number| format!("#[test] fn t{number:05}() {{}}\n"))
        .collect();
    fs::write(&source, tests).unwrap();
    let mut rustc = Command::new("rustc");
    rustc
        .args(["--test", "--edition=2024", "-o"])
        .arg(&program)
        .arg(&source);
    assert!(rustc.status().unwrap().success());
    program
}

fn child(kind: &str, count: usize) {
    if kind == "mimic" {
        use libtest_mimic::Trial as Theirs;
        let trials = (0..count)
            .map(|number| Theirs::test(name(number), || Ok(())))
            .collect();
        libtest_mimic::run(&libtest_mimic::Arguments::from_args(), trials).exit();
    }
    let mut args = Arguments::from_args();
    args.reuse_threads = kind.starts_with("reused");
    if kind == "threads" {
        return start_threads(args.test_threads.unwrap_or(1), count);
    }
    let trial = |number| match kind {
        "sync" | "reused" => Trial::test(name(number), || Ok(())),
        _ => Trial::async_test(name(number), async { Ok(()) }),
    };
    let trials = (0..count).map(trial).collect();
    libtest_async::run(&args, trials).exit()
}

/// Starts so many threads with names, and waits for each, on some threads at once.
fn start_threads(at_once: usize, count: usize) {
    thread::scope(|scope| {
        for first in 0..at_once {
            scope.spawn(move || {
                for number in (first..count).step_by(at_once) {
                    let thread = thread::Builder::new().name(name(number)).spawn(|| {});
                    thread.unwrap().join().unwrap();
                }
            });
        }
    });
}

fn name(number: usize) -> String {
    format!("t{number:05}")
}
