//! The end of a process whose main task cannot go on.

use std::sync::Weak;
use std::thread;

use super::Driver;
use crate::event::Conclusion;
use crate::process::print_error;
use crate::shared;

/// Ends the process if nobody takes the result of a run in time: a test that was given up, or that still runs,
/// may keep the thread that would.
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
    // Without this thread the process may not end, as it would not without this file.
    let _ = thread::Builder::new()
        .name("test-last-resort".to_owned())
        .spawn(wait);
}
