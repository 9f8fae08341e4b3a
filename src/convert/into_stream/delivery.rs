//! The loop's side of a [`PyStream`](crate::convert::into_stream::PyStream): its thread starts the driver, resumes it after a
//! pause, and cancels it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::{Deliver, leaves_the_loop, shutdown_error};
use crate::convert::into_future::{discard_pending_task, ensure_future};
use crate::convert::into_stream::buffer::StreamEnd;
use crate::convert::into_stream::driver::GeneratorDriver;
use crate::convert::into_stream::shared_stream::{DriverStage, SharedStream, report};
use crate::err::catch_as_error;
use crate::python::exceptions::stash;
use crate::task_locals::TaskLocals;

/// An action of the loop's thread, chosen under the lock and taken outside of it.
enum StreamAction {
    Start(Py<PyAny>, TaskLocals),
    /// Sets the future that the paused driver waits for.
    Resume(Py<PyAny>),
    Cancel(Py<PyAny>),
    Nothing,
}

impl SharedStream {
    fn next_action(&self, py: Python<'_>) -> StreamAction {
        let is_unwanted = self.is_unwanted();
        let mut stage = self.lock();
        match &mut *stage {
            DriverStage::New(..) => match std::mem::replace(&mut *stage, DriverStage::Starting) {
                DriverStage::New(generator, locals) => StreamAction::Start(generator, locals),
                _ => StreamAction::Nothing,
            },
            DriverStage::Running(task, pause) => match pause.take() {
                Some(pause) => StreamAction::Resume(pause),
                None if is_unwanted => {
                    let task = task.clone_ref(py);
                    let cancelled = DriverStage::Cancelled(task.clone_ref(py));
                    let running = std::mem::replace(&mut *stage, cancelled);
                    drop(stage);
                    drop(running);
                    StreamAction::Cancel(task)
                }
                None => StreamAction::Nothing,
            },
            DriverStage::Starting
            | DriverStage::Cancelled(_)
            | DriverStage::Closing(_)
            | DriverStage::Ended => StreamAction::Nothing,
        }
    }

    fn start_task(
        self: &Arc<Self>,
        py: Python<'_>,
        generator: Py<PyAny>,
        locals: &TaskLocals,
    ) -> PyResult<()> {
        let driver = GeneratorDriver::create(py, generator, Arc::clone(self))?;
        let task = ensure_future(&driver, locals)?;
        let mut stage = self.lock();
        let task = task.unbind();
        // An eager task has taken its first step already, and may be closing the generator, or be done.
        let unused = match &*stage {
            DriverStage::Starting => {
                *stage = DriverStage::Running(task, None);
                None
            }
            DriverStage::Closing(None) => {
                *stage = DriverStage::Closing(Some(task));
                None
            }
            _ => Some(task),
        };
        drop(stage);
        drop(unused);
        Ok(())
    }

    /// Drops what a dropped stream has left, and reports an error among it to the loop.
    fn drop_leftovers(&self, py: Python<'_>) -> PyResult<()> {
        match self.buffer.take_leftovers() {
            Some((_, Some(StreamEnd::Raised(error)))) => report(py, error),
            _ => Ok(()),
        }
    }
}

impl Deliver for SharedStream {
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        self.drop_leftovers(py)?;
        match self.next_action(py) {
            StreamAction::Start(generator, locals) => {
                if let Err(error) = catch_as_error(|| self.start_task(py, generator, &locals)) {
                    let leaves = leaves_the_loop(&error, py).then(|| error.clone_ref(py));
                    match leaves {
                        Some(_) => self.stop(error),
                        None => self.fail(error),
                    }
                    self.finish();
                    return leaves.map_or(Ok(()), Err);
                }
            }
            StreamAction::Resume(pause) => {
                let pause = pause.bind(py);
                if !pause.call_method0(intern!(py, "done"))?.is_truthy()? {
                    pause.call_method1(intern!(py, "set_result"), (py.None(),))?;
                }
            }
            StreamAction::Cancel(task) => {
                task.bind(py).call_method0(intern!(py, "cancel"))?;
            }
            StreamAction::Nothing => {}
        }
        Ok(())
    }

    fn discard(self: Arc<Self>) -> bool {
        let stage = std::mem::replace(&mut *self.lock(), DriverStage::Ended);
        self.abandon();
        if let DriverStage::Running(task, _)
        | DriverStage::Cancelled(task)
        | DriverStage::Closing(Some(task)) = stage
        {
            Python::try_attach(|py| {
                stash::call_without_exception(py, || discard_pending_task(task.bind(py)))
            });
        }
        true
    }

    fn abort(self: Arc<Self>) {
        if self.unwanted.swap(true, Ordering::AcqRel) {
            return;
        }
        self.stop(shutdown_error());
        self.hub().push(Arc::<Self>::clone(&self));
    }
}
