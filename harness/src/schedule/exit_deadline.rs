//! The exit of a process in which nobody takes the result of the run.
//!
//! For programs that await [`run_interruptible`](crate::run_interruptible) on a runtime whose only thread a test keeps, as
//! one that was given up does when what it has spawned there blocks.

use std::sync::Weak;
use std::thread;

use super::Driver;
use crate::event::Conclusion;
use crate::process::print_error;
use crate::shared;

/// Exits the process, with the code of the run, if nobody takes its result within [`shared::CLOSING_LIMIT`].
pub(super) fn watch(driver: Weak<Driver>) {
    shared::limit_closing();
    let wait = move || {
        thread::sleep(shared::CLOSING_LIMIT);
        let Some(driver) = driver.upgrade() else {
            return;
        };
        let Some(result) = driver.result.take() else {
            return;
        };
        print_error(
            b"error: a test that has not ended keeps the thread that awaits the end of the run\n",
        );
        let conclusion =
            result.map_or_else(|_| Conclusion::broken(), |tally| Conclusion::new(&tally));
        conclusion.exit();
    };
    // If no thread can be started, the process may not end.
    let _ = thread::Builder::new()
        .name("test-exit-deadline".to_owned())
        .spawn(wait);
}
