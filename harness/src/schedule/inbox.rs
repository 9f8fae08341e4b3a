//! Where trials put their ends.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};

use super::job::Ended;

/// What the schedule is told.
pub(super) enum Message {
    /// A trial ended.
    Ended(Ended),
    /// A minute has passed for some trial.
    Tick,
}

/// A queue with one reader, which is woken.
#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    messages: VecDeque<Message>,
    reader: Option<Waker>,
}

impl Inbox {
    pub(super) fn put(&self, message: Message) {
        let reader = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.messages.push_back(message);
            state.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Returns the oldest message, or `None`, and then wakes `cx` when there is one.
    pub(super) fn take(&self, cx: &Context<'_>) -> Option<Message> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let message = state.messages.pop_front();
        if message.is_none() {
            state.reader = Some(cx.waker().clone());
        }
        message
    }
}
