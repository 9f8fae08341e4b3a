//! Runs one side of a comparison on a terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::process::Command;
use std::sync::mpsc;
use std::{ptr, thread};

use crate::process::{LIMIT, Output};

/// Terminals can be opened here.
pub(crate) const IS_AVAILABLE: bool = true;

/// Written to the terminal once the child has ended. Its last copy is closed only when this has
/// arrived: a kernel may drop what is still on its way when a terminal is closed.
const END: &str = "\u{1}the child has ended\u{1}";

/// Runs `command` with a terminal as its three standard files.
pub(crate) fn run(mut command: Command) -> Output {
    let (ours, mut theirs) = open();
    command
        .stdin(theirs.try_clone().unwrap())
        .stdout(theirs.try_clone().unwrap())
        .stderr(theirs.try_clone().unwrap());
    let mut child = command.spawn().unwrap();
    let pid = child.id();
    let waiter = thread::spawn(move || {
        let exit = child.wait().unwrap().to_string();
        theirs.write_all(END.as_bytes()).unwrap();
        (exit, theirs)
    });
    let Ok(stdout) = read_to_end(ours).recv_timeout(LIMIT) else {
        kill(pid);
        panic!("a child on a terminal ran for more than {LIMIT:?}");
    };
    let (exit, _theirs) = waiter.join().unwrap();
    Output {
        stdout,
        stderr: String::new(),
        log: String::new(),
        exit,
    }
}

/// Sends what the terminal shows before [`END`].
fn read_to_end(mut terminal: File) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
        while !bytes.ends_with(END.as_bytes()) {
            let count = terminal.read(&mut chunk).unwrap();
            bytes.extend_from_slice(&chunk[..count]);
        }
        bytes.truncate(bytes.len() - END.len());
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

#[expect(unsafe_code, reason = "the child is with the thread that waits for it")]
fn kill(pid: u32) {
    // SAFETY: the call takes no pointers. The child has not been waited for, or it would have ended the output.
    unsafe { libc::kill(libc::pid_t::try_from(pid).unwrap(), libc::SIGKILL) };
}

#[expect(unsafe_code, reason = "there is no safe way to a terminal")]
fn open() -> (File, File) {
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
    unsafe { (File::from_raw_fd(ours), File::from_raw_fd(theirs)) }
}
