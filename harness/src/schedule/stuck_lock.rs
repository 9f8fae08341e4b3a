//! Gives up a run in which a thread keeps std's lock of standard output or standard error for ever.
//!
//! For a test that was given up while it held the lock, as `io::stdout().lock()` around a call
//! that blocks does, and for a thread that a test has left behind with the lock. Tests that print then wait for the lock, for ever if they have no time limit. Which tests print is not
//! known: the run is given up when the lock is kept, and no trial has ended for [`STALL`].

use std::io;
use std::sync::Weak;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::{Driver, Message, lock};

/// The longest time in which no trial ends while the lock is kept.
const STALL: Duration = Duration::from_secs(5);

/// Waits for both locks on a thread of its own. `title` is that of the trial that was given up, and
/// may keep one; `None` if another thread does.
pub(super) fn watch(title: Option<String>, driver: Weak<Driver>) {
    // If no thread can be started the run may hang.
    let _ = thread::Builder::new()
        .name("test-stuck-lock".to_owned())
        .spawn(move || {
            let locked = lock_both();
            loop {
                match wait(&locked, &driver) {
                    Wait::Over => return,
                    Wait::Progressing => {}
                    Wait::Stalled => return give_up(title.as_deref(), &driver),
                }
            }
        });
}

/// Takes both locks, and releases them, on another thread, which may block for ever.
fn lock_both() -> Receiver<()> {
    let (sender, locked) = mpsc::channel();
    let take = move || {
        drop(io::stdout().lock());
        drop(io::stderr().lock());
        sender.send(()).unwrap_or_default();
    };
    let _ = thread::Builder::new()
        .name("test-stuck-lock".to_owned())
        .spawn(take);
    locked
}

/// The end of a wait of [`STALL`].
enum Wait {
    /// No thread keeps the locks, or the run is over.
    Over,
    /// A trial has ended.
    Progressing,
    Stalled,
}

fn wait(locked: &Receiver<()>, driver: &Weak<Driver>) -> Wait {
    let ended = || {
        driver
            .upgrade()
            .map(|driver| lock(&driver.state).ended_trials())
    };
    let before = ended();
    match (locked.recv_timeout(STALL), before, ended()) {
        (Err(RecvTimeoutError::Timeout), Some(before), Some(after)) if before == after => {
            Wait::Stalled
        }
        (Err(RecvTimeoutError::Timeout), Some(_), Some(_)) => Wait::Progressing,
        _ => Wait::Over,
    }
}

fn give_up(title: Option<&str>, driver: &Weak<Driver>) {
    let Some(driver) = driver.upgrade() else {
        return;
    };
    let keeper = match title {
        Some(title) => format!("{title}, which timed out,"),
        None => "a thread".to_owned(),
    };
    let reason = format!(
        "no test has ended for {STALL:?}, and {keeper} keeps the lock of standard output or standard error"
    );
    driver.send(Message::GivenUp(reason));
}
