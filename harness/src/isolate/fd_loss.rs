//! Worker processes whose descriptors a test has closed, or put others in the place of.

#![expect(unsafe_code, reason = "std cannot end a process at once")]

use std::process;
use std::thread;
use std::time::Duration;

/// The exit code that says so.
pub(super) const EXIT_CODE: i32 = 122;
/// What it says.
pub(super) const REASON: &str =
    "the test closed or replaced file descriptors that its worker process needs";
/// What the parent says where it does not understand the worker.
pub(super) const PROTOCOL_REASON: &str =
    "the test wrote to file descriptors that its worker process needs";

/// A worker that ends by itself has this long.
const HANDLERS_LIMIT: Duration = Duration::from_secs(5);
/// Time limit of a worker whose parent has no more work for it, or has gone. It is longer than the parent
/// waits, if that is there.
const EXIT_LIMIT: Duration = Duration::from_secs(12);

/// Ends a worker that cannot say any more how its tests ended.
///
/// As long as it is there the parent cannot know that: its own thread that waits for calls keeps the
/// socket open.
pub(super) fn exit() -> ! {
    let _ = thread::Builder::new().spawn(|| exit_after(HANDLERS_LIMIT));
    process::exit(EXIT_CODE)
}

/// Ends a worker that is not needed any more, unless its main thread does so: a test may keep that.
pub(super) fn exit_after_limit() -> ! {
    exit_after(EXIT_LIMIT)
}

fn exit_after(time: Duration) -> ! {
    thread::sleep(time);
    // SAFETY: this ends the process at once, which is what is wanted when nothing else does.
    unsafe { libc::_exit(EXIT_CODE) }
}
