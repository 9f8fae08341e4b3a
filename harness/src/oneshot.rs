//! A value that one future waits for.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A slot that any thread puts a value into, and one future takes it out of.
///
/// The waker is a user's: it is cloned, woken and dropped while the slot is not locked.
pub(crate) struct Oneshot<T>(Mutex<State<T>>);

struct State<T> {
    value: Option<T>,
    waker: Option<Waker>,
}

impl<T> Oneshot<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(State {
            value: None,
            waker: None,
        }))
    }

    /// Puts the value there, and wakes the future that waits for it.
    pub(crate) fn put(&self, value: T) {
        let waker = {
            let mut state = self.lock();
            state.value = Some(value);
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes the value out if it is there.
    pub(crate) fn take(&self) -> Option<T> {
        self.lock().value.take()
    }

    /// Takes the value out, or wakes `cx` once it is there.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<T> {
        let mut waker = Some(cx.waker().clone());
        let value = {
            let mut state = self.lock();
            let value = state.value.take();
            if value.is_none() {
                mem::swap(&mut state.waker, &mut waker);
            }
            value
        };
        // This is the former waker, or the new one if that is not needed.
        drop(waker);
        value.map_or(Poll::Pending, Poll::Ready)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    /// A waker that counts how often the slot was locked when it was woken or dropped.
    struct LooksAtLock {
        slot: Arc<Oneshot<u8>>,
        locked: Arc<AtomicUsize>,
        woken: Arc<AtomicUsize>,
    }

    impl LooksAtLock {
        fn look(&self) {
            let is_locked = self.slot.0.try_lock().is_err();
            self.locked
                .fetch_add(usize::from(is_locked), Ordering::SeqCst);
        }
    }

    impl Wake for LooksAtLock {
        fn wake(self: Arc<Self>) {
            self.woken.fetch_add(1, Ordering::SeqCst);
            self.look();
        }
    }

    impl Drop for LooksAtLock {
        fn drop(&mut self) {
            self.look();
        }
    }

    #[test]
    fn wakers_are_woken_and_dropped_while_nothing_is_locked() {
        let slot = Arc::new(Oneshot::new());
        let (locked, woken) = (Arc::default(), Arc::<AtomicUsize>::default());
        let poll = || {
            let waker = Waker::from(Arc::new(LooksAtLock {
                slot: slot.clone(),
                locked: Arc::clone(&locked),
                woken: woken.clone(),
            }));
            slot.poll(&Context::from_waker(&waker))
        };
        // The second of these replaces the waker of the first.
        assert_eq!((poll(), poll()), (Poll::Pending, Poll::Pending));
        slot.put(7);
        assert_eq!(poll(), Poll::Ready(7));
        assert_eq!(woken.load(Ordering::SeqCst), 1);
        assert_eq!(locked.load(Ordering::SeqCst), 0);
    }
}
