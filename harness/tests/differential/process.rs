//! Runs one side of a comparison.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use std::{fs, io::Read};

use crate::matrix::Case;
use crate::terminal;

/// No child takes longer than this.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

/// What a child left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) log: String,
    pub(crate) exit: String,
}

/// Runs `program` with the arguments and variables of `case`, and `extra` ones. The log file, if
/// there is one, is `log`.
pub(crate) fn run(program: &Path, case: &Case, log: &Path, extra: &[(&str, String)]) -> Output {
    let _ = fs::remove_file(log);
    let log_path = log.to_string_lossy();
    let mut command = Command::new(program);
    let is_kept = |name: &str| matches!(name, "PATH" | "HOME") || name.starts_with("LLVM_");
    command
        .args(
            case.arguments
                .iter()
                .map(|argument| argument.replace("@LOG@", &log_path)),
        )
        .env_clear()
        .envs(std::env::vars().filter(|(name, _)| is_kept(name)))
        .env("TERM", "xterm-256color")
        // What fails in a child is no record for this binary.
        .env("LIBTEST_ASYNC_STATE_DIR", env!("CARGO_TARGET_TMPDIR"))
        .envs(case.variables.iter().cloned())
        .envs(extra.iter().cloned())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if case.wants_terminal() {
        return terminal::run(command);
    }
    let mut child = command.spawn().unwrap();
    let (stdout, stderr) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let (Ok(stdout), Ok(stderr)) = (stdout.recv_timeout(LIMIT), stderr.recv_timeout(LIMIT)) else {
        child.kill().unwrap();
        panic!(
            "{} {:?} ran for more than {LIMIT:?}",
            program.display(),
            case.arguments
        );
    };
    let exit = child.wait().unwrap().to_string();
    let log_text = fs::read_to_string(log).unwrap_or_default();
    let _ = fs::remove_file(log);
    Output {
        stdout,
        stderr,
        log: log_text,
        exit,
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.unwrap().read_to_end(&mut bytes);
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}
