//! A clock for the schedule, so that it needs no timer of a runtime.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Instant;

use crate::time::SLOW;

use crate::inbox::Inbox;

use super::Message;

/// Puts [`Message::Tick`] into the inbox at a given time. Its thread starts with the first watch
/// and ends with the run.
pub(super) struct Watchdog {
    inbox: Arc<Inbox<Message>>,
    alarms: Option<Sender<Instant>>,
    is_set: bool,
}

impl Watchdog {
    pub(super) fn new(inbox: Arc<Inbox<Message>>) -> Self {
        Self {
            inbox,
            alarms: None,
            is_set: false,
        }
    }

    /// Sees to it that a trial that starts now is noticed when it becomes slow.
    ///
    /// An alarm that is set already comes earlier, and is then set anew.
    pub(super) fn watch(&mut self) {
        if !self.is_set {
            self.rewind(Some(Instant::now() + SLOW));
        }
    }

    /// Sets the next alarm, the last one being over.
    pub(super) fn rewind(&mut self, alarm: Option<Instant>) {
        self.is_set = alarm.is_some();
        if let Some(alarm) = alarm {
            let inbox = &self.inbox;
            let alarms = self.alarms.get_or_insert_with(|| start(inbox.clone()));
            let _ = alarms.send(alarm);
        }
    }
}

fn start(inbox: Arc<Inbox<Message>>) -> Sender<Instant> {
    let (alarms, received) = mpsc::channel();
    // Without this thread only the notices are missing.
    let _ = thread::Builder::new()
        .name("test-watchdog".to_owned())
        .spawn(move || watch(&received, &inbox));
    alarms
}

fn watch(alarms: &Receiver<Instant>, inbox: &Inbox<Message>) {
    while let Ok(mut alarm) = alarms.recv() {
        loop {
            let rest = alarm.saturating_duration_since(Instant::now());
            match alarms.recv_timeout(rest) {
                Ok(other) => alarm = alarm.min(other),
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        inbox.put(Message::Tick);
    }
}
