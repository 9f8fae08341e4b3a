//! The end of a process whose main task cannot go on.

use std::sync::Weak;
use std::thread;
use std::time::Duration;

use super::{Driver, lock};
use crate::conclusion::Conclusion;
use crate::process::print_error;
use crate::shared;

/// So long the result of a run may wait to be taken.
const PATIENCE: Duration = Duration::from_secs(5);

/// Ends the process if nobody takes the result of a run in time: a test that was given up may keep
/// the thread that would.
pub(super) fn watch(driver: Weak<Driver>) {
    shared::hurry();
    let wait = move || {
        thread::sleep(PATIENCE);
        let Some(driver) = driver.upgrade() else {
            return;
        };
        let Some(result) = lock(&driver.result).result.take() else {
            return;
        };
        print_error(
            b"error: a test that timed out keeps the thread that awaits the end of the run\n",
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
