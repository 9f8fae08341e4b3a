//! The socket of a worker, before it serves: the program may set up what its tests need first.

#![expect(
    unsafe_code,
    reason = "std cannot wait for the end of a socket without reading"
)]

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::fd_loss;
use super::frame;
use super::protocol::Reply;
use crate::capture::stdio;
use crate::process::is_worker;

/// The socket, once it is taken from standard input, and until the worker serves.
static LINK: Mutex<Option<UnixStream>> = Mutex::new(None);

/// Takes the socket from standard input, unless that is done already.
pub(super) fn take() -> io::Result<UnixStream> {
    match lock().take() {
        Some(link) => Ok(link),
        None => take_stdin(),
    }
}

fn take_stdin() -> io::Result<UnixStream> {
    let link = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    stdio::replace_stdin(&File::open("/dev/null")?)?;
    Ok(link)
}

/// Watches the parent, if this process is a worker, and ends this process some time after it. For programs that set up what
/// their tests need: nobody reads the socket before the worker serves, so that a set-up that hangs would outlive the parent.
pub fn watch_parent() {
    if !is_worker() {
        return;
    }
    let mut slot = lock();
    if slot.is_some() {
        return;
    }
    // An error of standard input fails the run, which needs it.
    let Ok(link) = take_stdin() else { return };
    if let Ok(watched) = link.try_clone() {
        // Without this thread the worker may stay.
        let _ = thread::Builder::new()
            .name("test-parent".to_owned())
            .spawn(move || {
                if has_parent_gone(&watched) {
                    fd_loss::exit_after_limit();
                }
            });
    }
    *slot = Some(link);
}

/// Waits until the parent closes the socket; says `false` when it calls for a trial instead, as the worker serves then.
fn has_parent_gone(link: &UnixStream) -> bool {
    let mut poll = libc::pollfd {
        fd: link.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    loop {
        // SAFETY: this points to one such struct.
        let result = unsafe { libc::poll(&mut poll, 1, -1) };
        if result >= 0 {
            return poll.revents & libc::POLLHUP != 0;
        }
        if io::Error::last_os_error().kind() != ErrorKind::Interrupted {
            return false;
        }
    }
}

/// Notifies the parent, if this process is a worker, that the set-up of the program has failed, so that no trial can run.
/// The process is to end then: the parent shows what it has printed, and ends the run.
pub fn setup_failed() {
    if let Some(link) = &mut *lock() {
        // An error means that the parent has gone.
        let _ = frame::send(link, |frame| Reply::SetupFailed.encode(frame));
    }
}

fn lock() -> MutexGuard<'static, Option<UnixStream>> {
    LINK.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_call_is_told_from_the_end_of_the_parent() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(b"call").unwrap();
        assert!(!has_parent_gone(&ours));
        drop(theirs);
        assert!(has_parent_gone(&ours));
    }
}
