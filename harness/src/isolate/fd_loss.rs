//! The end of a worker process whose descriptors a test has closed or replaced.
//!
//! For code under test that closes a descriptor twice, or all of them: that test fails, and no other.

#![expect(unsafe_code, reason = "std cannot end a process at once")]

use std::process;
use std::thread;
use std::time::Duration;

/// The exit code of such a worker.
pub(super) const EXIT_CODE: i32 = 122;
/// The reason why the test has failed.
pub(super) const REASON: &str =
    "the test closed or replaced file descriptors that its worker process needs";
/// The reason why the test has failed whose worker does not keep to the protocol.
pub(super) const PROTOCOL_REASON: &str =
    "the test wrote to file descriptors that its worker process needs";

/// Time limit for the exit handlers of such a worker.
const HANDLERS_LIMIT: Duration = Duration::from_secs(5);
/// Time limit of a worker whose parent has no more work for it, or has gone. It is longer than the parent
/// waits, if that is there.
const EXIT_LIMIT: Duration = Duration::from_secs(12);

/// Exits a worker that cannot send the end of its tests any more.
///
/// The parent notices by the exit: the thread of the worker that takes the calls keeps the socket open.
pub(super) fn exit() -> ! {
    let _ = thread::Builder::new().spawn(|| exit_after(HANDLERS_LIMIT));
    process::exit(EXIT_CODE)
}

/// Exits a worker that is not needed any more, after a limit: its main thread does so earlier, unless a test keeps it.
pub(super) fn exit_after_limit() -> ! {
    exit_after(EXIT_LIMIT)
}

fn exit_after(time: Duration) -> ! {
    thread::sleep(time);
    // SAFETY: this ends the process at once, which is what is wanted when nothing else does.
    unsafe { libc::_exit(EXIT_CODE) }
}
