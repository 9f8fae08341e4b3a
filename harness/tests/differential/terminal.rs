//! Runs one side of a comparison on a terminal.

use std::fs::File;
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::Command;
use std::ptr;

use crate::process::{LIMIT, Output, drain};

/// Runs `command` with a terminal as its three standard files.
pub(crate) fn run(mut command: Command) -> Output {
    let (ours, theirs) = open();
    command
        .stdin(theirs.try_clone().unwrap())
        .stdout(theirs.try_clone().unwrap())
        .stderr(theirs);
    let mut child = command.spawn().unwrap();
    // The last copy of the child's side has to go, or the terminal never ends.
    drop(command);
    let stdout = drain(Some(File::from(ours)));
    let Ok(stdout) = stdout.recv_timeout(LIMIT) else {
        child.kill().unwrap();
        panic!("a child on a terminal ran for more than {LIMIT:?}");
    };
    let exit = child.wait().unwrap().to_string();
    Output {
        stdout,
        stderr: String::new(),
        log: String::new(),
        exit,
    }
}

#[expect(unsafe_code, reason = "there is no safe way to a terminal")]
fn open() -> (OwnedFd, OwnedFd) {
    let (mut ours, mut theirs) = (-1, -1);
    // SAFETY: the two places are valid, and the rest may be null.
    let status = unsafe {
        libc::openpty(
            &mut ours,
            &mut theirs,
            ptr::null_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
    for fd in [ours, theirs] {
        // SAFETY: the descriptor is open, and ours. Other children must not inherit it.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    // SAFETY: both are open and owned by nobody else.
    unsafe { (OwnedFd::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) }
}
