//! A poll of a generator's Rust stream on its runtime.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pyo3::prelude::*;

use crate::bridge::Work;
use crate::convert::stream_into_py::source::Source;
use crate::convert::stream_into_py::stream_slot::StreamSlot;

/// A poll on the runtime, until the stream has an item. Its output is None: the item is in the stream, which goes back to the
/// slot, and so does a panic. Both are there for the next awaitable when this one is cancelled.
pub(crate) struct RuntimePoll {
    slot: Arc<StreamSlot>,
    source: Option<Box<dyn Source>>,
    number: usize,
}

impl RuntimePoll {
    /// Polls the stream. Without one it waits first for the poll that has it.
    pub(crate) fn new(slot: Arc<StreamSlot>, source: Option<Box<dyn Source>>) -> Self {
        let number = slot.next_poll_number();
        Self {
            slot,
            source,
            number,
        }
    }
}

impl Work for RuntimePoll {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.source.is_none() {
            self.source = ready!(self.slot.poll_for_stream(self.number, cx));
        }
        let this = &mut *self;
        let Some(source) = &mut this.source else {
            return Poll::Ready(());
        };
        match this.slot.run(|| source.poll_next(cx)) {
            Ok(poll) => poll,
            Err(panic) => {
                let source = this.source.take();
                this.slot.close_after_panic(source, panic);
                Poll::Ready(())
            }
        }
    }

    fn output(mut self: Pin<Box<Self>>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if let Some(source) = self.source.take() {
            let slot = &self.slot;
            if let Some(closed) = slot.return_stream(source) {
                py.detach(|| slot.drop_inside(closed));
            }
        }
        Ok(py.None())
    }
}

impl Drop for RuntimePoll {
    fn drop(&mut self) {
        match self.source.take() {
            Some(source) => {
                // The bridge drops works detached from Python.
                if let Some(closed) = self.slot.return_stream(source) {
                    self.slot.drop_inside(closed);
                }
            }
            None => self.slot.remove_waiter(self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use pyo3::prelude::*;

    use super::RuntimePoll;
    use crate::bridge::{RuntimeVtable, Work};
    use crate::convert::stream_into_py::source::Source;
    use crate::convert::stream_into_py::stream_slot::{SlotContent, StreamSlot};
    use crate::instrument::Instrumentation;

    struct Pending;

    impl Source for Pending {
        fn poll_next(&mut self, _cx: &mut Context<'_>) -> Poll<()> {
            Poll::Pending
        }

        fn take(&mut self, _py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
            None
        }
    }

    static VTABLE: RuntimeVtable = RuntimeVtable {
        spawn: drop,
        enter: |call| call(),
        ensure_alive: || Ok(()),
        ensure_unblocked: || Ok(()),
        runtime: std::any::TypeId::of::<()>,
    };

    #[derive(Default)]
    struct Flag(AtomicBool);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    fn poll(poll: &mut RuntimePoll, flag: &Arc<Flag>) -> Poll<()> {
        let waker = Waker::from(Arc::clone(flag));
        Pin::new(poll).poll(&mut Context::from_waker(&waker))
    }

    #[test]
    fn a_poll_that_is_given_up_leaves_the_one_that_waits_its_waker() {
        let instrumentation = Instrumentation::default();
        let slot = Arc::new(StreamSlot::new(Box::new(Pending), &VTABLE, instrumentation));
        let Ok(SlotContent::Stream(source)) = slot.begin() else {
            panic!("nobody else has it");
        };
        let first = RuntimePoll::new(Arc::clone(&slot), Some(source));
        let mut second = RuntimePoll::new(Arc::clone(&slot), None);
        let mut third = RuntimePoll::new(Arc::clone(&slot), None);
        let (given_up, waits) = (Arc::default(), Arc::default());
        assert_eq!(poll(&mut third, &waits), Poll::Pending);
        assert_eq!(poll(&mut second, &given_up), Poll::Pending);
        drop(second);
        drop(first);
        assert!(waits.0.load(Ordering::SeqCst));
        assert!(!given_up.0.load(Ordering::SeqCst));
        assert_eq!(poll(&mut third, &waits), Poll::Pending);
        assert!(third.source.is_some());
    }
}
