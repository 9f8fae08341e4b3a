//! A Rust future that no runtime has yet.
//!
//! Guarantee: whatever becomes of what holds it, an error on the way to the runtime included, the future is dropped inside
//! the runtime's context, detached from Python and as part of the code that drops it.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pyo3::prelude::*;

use super::job::Work;
use super::task::{Runner, drop_work};
use crate::caught::catch_call;
use crate::locals;
use crate::pending_error;
use crate::surroundings::Surroundings;

/// The future, and the runtime that it will have.
pub(crate) struct Held {
    /// `None` once it has been handed over.
    work: Option<Pin<Box<dyn Work>>>,
    pub(super) runner: &'static Runner,
}

impl Held {
    pub(crate) fn new(work: Pin<Box<dyn Work>>, runner: &'static Runner) -> Self {
        Self {
            work: Some(work),
            runner,
        }
    }

    /// Fails where the runtime's threads were left behind by a fork.
    pub(crate) fn ensure_runtime(&self) -> PyResult<()> {
        (self.runner.ensure_alive)()
    }

    /// Polls the future on this thread, detached from Python.
    ///
    /// # Errors
    ///
    /// Its panic, as a `RustPanic`.
    pub(crate) fn poll(
        &mut self,
        py: Python<'_>,
        surroundings: &Surroundings,
    ) -> PyResult<Poll<()>> {
        let Some(work) = &mut self.work else {
            return Ok(Poll::Pending);
        };
        let enter = self.runner.enter;
        let mut poll = Poll::Pending;
        let polled = py.detach(|| {
            surroundings.run(|| {
                catch_call(|| {
                    let mut cx = Context::from_waker(Waker::noop());
                    locals::in_first_poll(|| enter(&mut || poll = work.as_mut().poll(&mut cx)));
                })
            })
        });
        polled.map(|()| poll).map_err(PyErr::from)
    }

    /// Hands the future over.
    pub(crate) fn into_work(mut self) -> Pin<Box<dyn Work>> {
        self.work.take().expect("nobody else takes it out")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(work) = self.work.take() {
            let runner = self.runner;
            Python::try_attach(|py| pending_error::keep(py, || drop_work(py, runner, work)));
        }
    }
}
