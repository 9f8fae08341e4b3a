//! A queue between threads and one future.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};

/// A queue with one reader, which is woken.
pub(crate) struct Inbox<M> {
    state: Mutex<State<M>>,
}

struct State<M> {
    messages: VecDeque<M>,
    reader: Option<Waker>,
}

impl<M> Inbox<M> {
    pub(crate) fn new() -> Self {
        let state = State {
            messages: VecDeque::new(),
            reader: None,
        };
        Self {
            state: Mutex::new(state),
        }
    }

    /// Adds a message and wakes the reader.
    pub(crate) fn put(&self, message: M) {
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
    pub(crate) fn take(&self, cx: &Context<'_>) -> Option<M> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let message = state.messages.pop_front();
        if message.is_none() {
            state.reader = Some(cx.waker().clone());
        }
        message
    }
}
