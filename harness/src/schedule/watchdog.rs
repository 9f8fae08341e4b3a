//! A timer for the schedule, so that it needs none of a runtime.
//!
//! Every alarm that is set goes off. The schedule takes one that is to come for set: if an alarm that is due kept a later
//! one from going off, as both reach the timer's thread at once, no trial would time out any more.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
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
        .spawn(move || {
            watch(&received, || {
                let driver = driver.upgrade();
                driver
                    .inspect(|driver| driver.send(Message::Tick))
                    .is_some()
            });
        });
    alarms
}

/// Calls `tick` at each alarm, until it returns `false`, or until no alarm can be set any more.
fn watch(alarms: &Receiver<Instant>, tick: impl Fn() -> bool) {
    let mut pending = BinaryHeap::<Reverse<Instant>>::new();
    loop {
        let received = match pending.peek() {
            None => alarms.recv().map_err(RecvTimeoutError::from),
            Some(Reverse(next)) => {
                alarms.recv_timeout(next.saturating_duration_since(Instant::now()))
            }
        };
        match received {
            Ok(alarm) => pending.push(Reverse(alarm)),
            Err(RecvTimeoutError::Timeout) => {
                pending.pop();
                if !tick() {
                    return;
                }
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// No alarm takes longer than this.
    const LIMIT: Duration = Duration::from_secs(60);

    #[test]
    fn an_alarm_goes_off_though_another_one_was_due_when_it_was_set() {
        let (sender, alarms) = mpsc::channel();
        let (ticked, ticks) = mpsc::channel();
        let due = Instant::now();
        for alarm in [due, due + Duration::from_millis(50)] {
            sender.send(alarm).unwrap();
        }
        thread::spawn(move || watch(&alarms, || ticked.send(()).is_ok()));
        for _ in 0..2 {
            assert_eq!(ticks.recv_timeout(LIMIT), Ok(()));
        }
        drop(sender);
        assert!(ticks.recv().is_err());
    }
}
