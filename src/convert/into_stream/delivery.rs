//! The loop's side of a [`PyStream`](crate::convert::into_stream::PyStream): its thread starts the driver, resumes it after a
//! pause, and cancels it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

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
    Start(TaskLocals),
    /// Sets the future that the paused driver waits for.
    Resume(Py<PyWeakrefReference>),
    Cancel,
    Nothing,
}

impl SharedStream {
    fn next_action(&self) -> StreamAction {
        let is_unwanted = self.is_unwanted();
        let mut stage = self.lock();
        match &mut *stage {
            DriverStage::New(_) => match std::mem::replace(&mut *stage, DriverStage::Starting) {
                DriverStage::New(locals) => StreamAction::Start(locals),
                _ => StreamAction::Nothing,
            },
            DriverStage::Running(pause) => match pause.take() {
                Some(pause) => StreamAction::Resume(pause),
                None if is_unwanted => {
                    *stage = DriverStage::Cancelled;
                    StreamAction::Cancel
                }
                None => StreamAction::Nothing,
            },
            DriverStage::Starting
            | DriverStage::Cancelled
            | DriverStage::Closing
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
        // An eager task has taken its first step already, and may be closing the generator, or be done.
        if let DriverStage::Starting = &*stage {
            *stage = DriverStage::Running(None);
        }
        drop(stage);
        // Where the driver is done, the entry is gone, and this the task.
        let unused = self.registration.replace_object(Some(task.unbind()));
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
        match self.next_action() {
            StreamAction::Start(locals) => {
                // The hub has none any more where another thread closes the loop just now.
                let Some(generator) = self.registration.replace_object(None) else {
                    return Ok(());
                };
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
                // There is none where the task waits no more.
                let Some(pause) = pause.bind(py).upgrade() else {
                    return Ok(());
                };
                if !pause.call_method0(intern!(py, "done"))?.is_truthy()? {
                    pause.call_method1(intern!(py, "set_result"), (py.None(),))?;
                }
            }
            StreamAction::Cancel => {
                if let Some(task) = self.registration.object(py) {
                    task.bind(py).call_method0(intern!(py, "cancel"))?;
                }
            }
            StreamAction::Nothing => {}
        }
        Ok(())
    }

    fn discard(self: Arc<Self>, object: Option<Py<PyAny>>) -> bool {
        // A hub that is being closed refuses a push before it gives up what is pending.
        let object = object.or_else(|| self.registration.replace_object(None));
        let is_with_hub = |stage: &DriverStage| {
            matches!(
                stage,
                DriverStage::New(_) | DriverStage::Running(_) | DriverStage::Cancelled
            )
        };
        if object.is_none() && is_with_hub(&self.lock()) {
            // The hub is being closed, and has the object, with which it calls this.
            return true;
        }
        let stage = std::mem::replace(&mut *self.lock(), DriverStage::Ended);
        self.abandon();
        if let Some(object) = object {
            Python::try_attach(|py| {
                let object = object.into_bound(py);
                stash::call_without_exception(py, || match stage {
                    DriverStage::Running(_) | DriverStage::Cancelled | DriverStage::Closing => {
                        discard_pending_task(&object);
                    }
                    DriverStage::New(_) | DriverStage::Starting | DriverStage::Ended => {}
                });
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
