//! A timer for the schedule, so that it needs none of a runtime.

use std::sync::Weak;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Instant;

use super::{Driver, Message};

/// Tells the driver when a given time has come. Its thread starts with the first alarm and ends
/// when this is dropped.
pub(super) struct Watchdog {
    driver: Weak<Driver>,
    alarms: Option<Sender<Instant>>,
    next: Option<Instant>,
}

impl Watchdog {
    pub(super) fn new(driver: Weak<Driver>) -> Self {
        Self {
            driver,
            alarms: None,
            next: None,
        }
    }

    /// Sets an alarm, unless an earlier one is set: the schedule sets the next one when that has gone off.
    pub(super) fn wake_at(&mut self, alarm: Instant) {
        let now = Instant::now();
        if self.next.is_some_and(|next| next <= alarm && next > now) {
            return;
        }
        self.next = Some(alarm);
        let driver = &self.driver;
        let alarms = self.alarms.get_or_insert_with(|| start(driver.clone()));
        let _ = alarms.send(alarm);
    }
}

fn start(driver: Weak<Driver>) -> Sender<Instant> {
    let (alarms, received) = mpsc::channel();
    // If no thread can be started, there are no notices of slow tests and no timeouts.
    let _ = thread::Builder::new()
        .name("test-watchdog".to_owned())
        .spawn(move || watch(&received, &driver));
    alarms
}

fn watch(alarms: &Receiver<Instant>, driver: &Weak<Driver>) {
    while let Ok(mut alarm) = alarms.recv() {
        loop {
            let rest = alarm.saturating_duration_since(Instant::now());
            match alarms.recv_timeout(rest) {
                Ok(other) => alarm = alarm.min(other),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        let Some(driver) = driver.upgrade() else {
            return;
        };
        driver.send(Message::Tick);
    }
}
