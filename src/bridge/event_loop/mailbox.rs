//! The way of items from Rust threads to one event loop: a queue, and what wakes the loop for it.
//!
//! | step | by whom, on which thread | what happens |
//! | --- | --- | --- |
//! | [`push`](Mailbox::push) | anybody, on any thread | appends an item; wakes the loop if nobody has since its last batch |
//! | [`wake`](Mailbox::wake) | the same one | notifies a reader, by its file descriptor, or the dispatcher's thread |
//! | [`drain`](Mailbox::drain) | the loop, on its thread | delivers the items that are there, at most [`BATCH`] |
//! | [`announce`](Mailbox::announce) | that drain | notifies an idle reader, in case that the next item runs the loop within itself |
//! | its end | that drain, however it ends | takes the announcement back, and wakes the loop if items are left |
//! | [`close`](Mailbox::close) | whoever drops the drain, on any thread | hands out what is left; pushes fail from then on |
//!
//! Nothing here knows of Python. `pytests/loom.sh` runs this file in every order of its threads.

use std::collections::VecDeque;
use std::io;
use std::sync::OnceLock;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, Ordering};

use super::dispatcher::Dispatcher;
use super::queue::{Pushed, Queue};
use super::readers::Readers;

/// How many items one iteration of the loop delivers before other callbacks get theirs.
pub(crate) const BATCH: usize = 1_000;

/// A queue of items for one event loop, and what wakes that loop.
pub(crate) struct Mailbox<T> {
    pub(crate) queue: Queue<T>,
    pub(crate) readers: Readers,
    /// Set once for a loop that cannot watch a file descriptor: it wakes the loop instead of the readers.
    pub(crate) dispatcher: OnceLock<Dispatcher>,
    /// The drain under way has notified an idle reader of the items that it leaves. Only the loop's thread uses it.
    is_announced: AtomicBool,
}

impl<T> Mailbox<T> {
    /// Creates it; fails where the process has no file descriptors left.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            queue: Queue::new(),
            readers: Readers::new()?,
            dispatcher: OnceLock::new(),
            is_announced: AtomicBool::new(false),
        })
    }

    /// Hands an item to the loop; a closed mailbox gives it back.
    pub(crate) fn push(&self, item: T) -> Result<(), T> {
        if self.queue.push(item)? == Pushed::Wake {
            self.wake();
        }
        Ok(())
    }

    /// Wakes the loop.
    pub(crate) fn wake(&self) {
        match self.dispatcher.get() {
            None => self.readers.notify(),
            Some(dispatcher) => dispatcher.notify(),
        }
    }

    /// Delivers the items that are there, for a reader of the loop. `add_nested` is called with the index of a
    /// reader to add, if none is idle for a loop that runs within this drain.
    pub(crate) fn drain<E>(
        &self,
        reader: usize,
        add_nested: impl FnOnce(usize),
        deliver: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let missing = self.readers.begin(reader);
        let _draining = Draining {
            mailbox: self,
            reader,
            was_announced: self.is_announced.swap(false, Ordering::Relaxed),
        };
        if let Some(index) = missing {
            add_nested(index);
        }
        let announce = || {
            self.announce();
            Ok(())
        };
        self.queue.deliver_batch(BATCH, announce, deliver)
    }

    /// Wakes the loop within the drain under way for the items that this leaves.
    pub(crate) fn announce(&self) {
        self.is_announced.store(true, Ordering::Relaxed);
        self.readers.notify_nested();
    }

    /// Refuses everything from now on, and hands out what is left.
    pub(crate) fn close(&self) -> VecDeque<T> {
        let left = self.queue.close();
        if let Some(dispatcher) = self.dispatcher.get() {
            // Its thread finds the queue closed, and ends.
            dispatcher.notify();
        }
        left
    }
}

/// A drain under way. When it ends, however that is, the loop comes back for the rest.
struct Draining<'a, T> {
    mailbox: &'a Mailbox<T>,
    reader: usize,
    /// The flag of the drain around this one, which is restored.
    was_announced: bool,
}

impl<T> Drop for Draining<'_, T> {
    fn drop(&mut self) {
        let mailbox = self.mailbox;
        let is_announced = mailbox
            .is_announced
            .swap(self.was_announced, Ordering::Relaxed);
        mailbox.readers.end(self.reader, is_announced);
        if mailbox.queue.end_batch(is_announced) == Pushed::Wake {
            mailbox.wake();
        }
    }
}
