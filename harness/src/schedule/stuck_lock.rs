//! A run in which a test that was given up keeps std's lock of standard output or standard error.
//!
//! Tests that print wait for that lock, for ever if they have no time limit. Which tests print is not
//! known: the run is given up when the lock is kept and no trial has ended for a while.

use std::io;
use std::sync::Weak;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::{Driver, Message, lock};

/// How long no trial may end while the lock is kept.
const STALL: Duration = Duration::from_secs(5);

/// Watches the locks from now on, after the trial of this title was given up, until both can be had.
pub(super) fn watch(title: String, driver: Weak<Driver>) {
    // Without a thread the run may not end, as it would not without this file.
    let _ = thread::Builder::new()
        .name("test-stuck-lock".to_owned())
        .spawn(move || {
            let locked = lock_both();
            loop {
                match wait(&locked, &driver) {
                    Wait::Over => return,
                    Wait::Progressing => {}
                    Wait::Stalled => return give_up(&title, &driver),
                }
            }
        });
}

/// Takes both locks, on a thread that may not come back, and gives them back at once.
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

/// The course of the run in a while.
enum Wait {
    /// The locks can be had, or the run is over.
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

fn give_up(title: &str, driver: &Weak<Driver>) {
    if let Some(driver) = driver.upgrade() {
        let reason = format!(
            "no test has ended for {STALL:?}, and {title}, which timed out, keeps the lock of standard output or standard error"
        );
        driver.tell(Message::GivenUp(reason));
    }
}
