//! Starts this binary as one of the fixtures.

#[cfg(not(unix))]
mod other;
#[cfg(unix)]
mod unix;

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[cfg(not(unix))]
pub(crate) use self::other::{
    ISOLATIONS, close, ignore_children, interrupt, interrupt_group, is_ended_by_ctrl_c,
    lead_a_group, listen,
};
#[cfg(unix)]
pub(crate) use self::unix::{
    ISOLATIONS, close, ignore_children, interrupt, interrupt_group, is_ended_by_ctrl_c,
    lead_a_group, listen,
};
use crate::fixtures;

/// The number of standard output.
pub(crate) const STDOUT: i32 = 1;
/// The number of standard error.
pub(crate) const STDERR: i32 = 2;

/// No child takes longer than this.
const LIMIT: Duration = Duration::from_secs(60);

/// What a child left behind.
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: Option<i32>,
}

/// Runs the fixture of this name with these arguments.
pub(crate) fn run(fixture: &str, args: &[&str]) -> Output {
    run_with(fixture, args, |_| {})
}

/// Runs the fixture of this name with these arguments, and whatever `adapt` changes.
pub(crate) fn run_with(fixture: &str, args: &[&str], adapt: impl FnOnce(&mut Command)) -> Output {
    let mut command = command(fixture, args);
    adapt(&mut command);
    let mut child = command.spawn().expect("this binary can be started again");
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let (Ok(stdout), Ok(stderr)) = (stdout.recv_timeout(LIMIT), stderr.recv_timeout(LIMIT)) else {
        child.kill().expect("a child can be killed");
        panic!("{fixture} {args:?} ran for more than {LIMIT:?}");
    };
    let code = child.wait().expect("a child can be waited for").code();
    Output {
        stdout,
        stderr,
        code,
    }
}

/// Returns the command that runs the fixture of this name, in an environment without settings.
pub(crate) fn command(fixture: &str, args: &[&str]) -> Command {
    let program = std::env::current_exe().expect("this binary has a path");
    command_of(&program, fixture, args)
}

/// Returns the command that runs the fixture of this name in a copy of this binary.
pub(crate) fn command_of(program: &Path, fixture: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(args)
        .env_clear()
        .envs(std::env::vars().filter(|(name, _)| name == "PATH" || name.starts_with("LLVM_")))
        .env(fixtures::VARIABLE, fixture)
        // What fails in a child is no record for this binary.
        .env("LIBTEST_ASYNC_STATE_DIR", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        }
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// Tells whether this system has what the arguments ask for: workers are for Unix.
pub(crate) fn is_supported(args: &[&str]) -> bool {
    cfg!(unix) || !args.contains(&"--isolate")
}

/// Returns the section of a report that holds the output of `test`.
pub(crate) fn section<'a>(report: &'a str, test: &str) -> &'a str {
    let header = format!("---- {test} stdout ----\n");
    let start = report
        .find(&header)
        .unwrap_or_else(|| panic!("no output of {test} in {report}"));
    let rest = &report[start + header.len()..];
    let end = ["\n---- ", "\n\nfailures:\n", "\n\nsuccesses:\n"]
        .iter()
        .filter_map(|end| rest.find(end))
        .min();
    &rest[..end.unwrap_or(rest.len())]
}

/// Removes the numbers of threads, which differ from run to run, and which older versions of Rust do
/// not print.
pub(crate) fn without_thread_ids(text: &str) -> String {
    let mut parts = text.split(" (");
    let mut clean = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once(") panicked") {
            Some((id, rest)) if id.bytes().all(|byte| byte.is_ascii_digit()) => {
                clean.push_str(" panicked");
                clean.push_str(rest);
            }
            _ => {
                clean.push_str(" (");
                clean.push_str(part);
            }
        }
    }
    clean
}
