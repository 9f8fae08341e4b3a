//! `capture!(threads = off)`: the binary has no `pthread_create` of its own.

#![cfg_attr(
    all(target_os = "linux", target_env = "gnu"),
    expect(unsafe_code, reason = "a symbol is looked up")
)]

use std::process::{Command, ExitCode};
use std::thread;

use libtest_async::{Arguments, Failed, Trial, capture};

libtest_async::capture!(threads = off);

/// Says to a child process that it is one.
const VARIABLE: &str = "LIBTEST_ASYNC_THREADS_OFF";

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let trials = match std::env::var_os(VARIABLE) {
        Some(_) => vec![Trial::test("prints", prints)],
        None => vec![
            Trial::test("pthread_create_is_the_system_s", symbol)
                .with_ignored_flag(!cfg!(all(target_os = "linux", target_env = "gnu"))),
            Trial::test(
                "the_test_is_captured_and_its_threads_are_not",
                capture_of_child,
            )
            .with_ignored_flag(!capture::is_complete()),
        ],
    };
    libtest_async::run(&args, trials).exit_code()
}

/// Prints in the test, in a thread that it starts, and in one that it carries itself to.
fn prints() -> Result<(), Failed> {
    use std::io::Write;
    let print = |text: &str| writeln!(std::io::stdout(), "{text}");
    print("of the test")?;
    thread::scope(|scope| scope.spawn(|| print("of a thread")).join())
        .map_err(|_| Failed::without_message())??;
    let context = capture::Context::current();
    let carried = || context.run(|| print("carried"));
    thread::scope(|scope| scope.spawn(carried).join()).map_err(|_| Failed::without_message())??;
    Err(Failed::without_message())
}

fn capture_of_child() -> Result<(), Failed> {
    let output = Command::new(std::env::current_exe()?)
        .env(VARIABLE, "1")
        .output()?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let section = "---- prints stdout ----\nof the test\ncarried\n";
    assert!(stdout.contains(section), "{stdout}");
    assert!(stdout.contains("of a thread\n"), "{stdout}");
    Ok(())
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn symbol() -> Result<(), Failed> {
    // SAFETY: the name is a C string.
    let system = unsafe { libc::dlsym(libc::RTLD_NEXT, c"pthread_create".as_ptr()) };
    assert_eq!(libc::pthread_create as *const () as usize, system as usize);
    Ok(())
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn symbol() -> Result<(), Failed> {
    Ok(())
}
