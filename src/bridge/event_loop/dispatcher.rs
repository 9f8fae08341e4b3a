//! A thread that calls a function once per batch of wake-ups: the way to an event loop that cannot watch a file
//! descriptor, which is that of Windows' proactor loop and of loops without `add_reader`.
//!
//! The thread ends when the function says so, or when its [`Dispatcher`] is dropped. Nothing here knows of Python.

use std::io;
use std::ops::ControlFlow;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

/// The sending end of the thread's channel. It belongs to the mailbox of a hub.
pub(crate) struct Dispatcher(Sender<()>);

impl Dispatcher {
    /// Starts the thread; fails where the operating system gives none.
    pub(crate) fn start(
        call: impl FnMut() -> ControlFlow<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (wake, woken) = mpsc::channel();
        thread::Builder::new()
            .name("pyo3-aio-dispatcher".to_owned())
            .spawn(move || dispatch(&woken, call))?;
        Ok(Self(wake))
    }

    /// Has the function called.
    pub(crate) fn notify(&self) {
        // It fails where the thread has ended: its loop is closed then.
        let _ = self.0.send(());
    }
}

fn dispatch(woken: &Receiver<()>, mut call: impl FnMut() -> ControlFlow<()>) {
    while woken.recv().is_ok() {
        // One call is for all wake-ups that have come.
        while woken.try_recv().is_ok() {}
        if call().is_break() {
            return;
        }
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::Dispatcher;
    use std::ops::ControlFlow;
    use std::sync::mpsc;

    #[test]
    fn the_function_is_called_after_each_wake_up_until_it_says_that_it_was_the_last_one() {
        let (called, calls) = mpsc::channel();
        let mut left = 2;
        let dispatcher = Dispatcher::start(move || {
            left -= 1;
            called.send(left).expect("the test receives");
            if left == 0 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
        .expect("there are threads left");
        dispatcher.notify();
        assert_eq!(calls.recv(), Ok(1));
        dispatcher.notify();
        assert_eq!(calls.recv(), Ok(0));
        assert!(calls.recv().is_err());
        dispatcher.notify();
    }
}
