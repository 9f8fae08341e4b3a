//! The Rust future around a Python awaitable.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::asyncio;
use crate::bridge::{Deliver, Hub, Registration, closed_error, hub_of, leaves_the_loop};
use crate::caught::catch_call;
use crate::locals::TaskLocals;
use crate::pending_error;

/// The Rust side of a Python awaitable that runs on its event loop.
///
/// The awaitable is started at once, whether or not this future is polled.
///
/// - **Drop** cancels the Python task, on the loop's next turn; [`PyFuture::detach`] opts out.
/// - **Errors** of the awaitable are its output, as the same exception object. Where the loop is closed first, the
///   output is `RuntimeError: Event loop is closed`.
#[derive(Debug)]
#[must_use = "dropping it cancels the Python task"]
pub struct PyFuture {
    /// `None` once the output has been taken, or the future has been detached.
    shared: Option<Arc<Shared>>,
}

impl PyFuture {
    /// Lets the Python task run on, and forgets its result.
    ///
    /// An exception that it raises is reported by asyncio as never retrieved.
    pub fn detach(mut self) {
        if let Some(shared) = self.shared.take() {
            shared.lock().detached = true;
        }
    }
}

impl Future for PyFuture {
    type Output = PyResult<Py<PyAny>>;

    /// # Panics
    ///
    /// When it is polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = self
            .shared
            .as_ref()
            .expect("a PyFuture is not polled after it was ready");
        let mut inner = shared.lock();
        if !matches!(inner.stage, Stage::Done(_)) {
            let before = inner.waker.replace(cx.waker().clone());
            drop(inner);
            drop(before);
            return Poll::Pending;
        }
        let done = std::mem::replace(&mut inner.stage, Stage::Gone);
        drop(inner);
        self.shared = None;
        let Stage::Done(output) = done else {
            unreachable!("checked above");
        };
        Poll::Ready(output)
    }
}

impl Drop for PyFuture {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            shared.cancel();
        }
    }
}

/// What the future, the loop and the task's callback share.
struct Shared {
    inner: Mutex<Inner>,
    hub: Arc<Hub>,
}

struct Inner {
    stage: Stage,
    waker: Option<Waker>,
    /// The future was dropped, and nobody wants the output.
    cancelled: bool,
    /// The future was detached, and asyncio reports what goes wrong.
    detached: bool,
    registration: Option<Registration>,
}

enum Stage {
    /// On its way to the loop.
    New(Py<PyAny>, TaskLocals),
    /// The loop's thread is making a task of it.
    Starting,
    /// A task that was made of the awaitable, or a future of the loop that it was already.
    Started(Py<PyAny>, Origin),
    Done(PyResult<Py<PyAny>>),
    /// The output has been taken, or nobody wants it.
    Gone,
}

/// Who made a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Ours,
    Theirs,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// Converts a Python awaitable into a Rust future; the awaitable runs on the loop of the current task, else on the
/// loop that runs on this thread. It needs no Rust runtime.
///
/// The awaitable is started at once, on the loop's thread and in a copy of the current context. What happens on drop
/// and on a closed loop: [`PyFuture`].
///
/// # Errors
///
/// `TypeError`: the object is not awaitable. `RuntimeError`: there is no running event loop, or it is closed.
pub fn into_future(awaitable: Bound<'_, PyAny>) -> PyResult<PyFuture> {
    let locals = TaskLocals::current(awaitable.py())?;
    into_future_with_locals(&locals, awaitable)
}

/// Converts a Python awaitable into a Rust future; the awaitable runs on the loop and in the context of the locals.
///
/// # Errors
///
/// `TypeError`: the object is not awaitable. `RuntimeError: Event loop is closed`.
pub fn into_future_with_locals(
    locals: &TaskLocals,
    awaitable: Bound<'_, PyAny>,
) -> PyResult<PyFuture> {
    let py = awaitable.py();
    require_awaitable(&awaitable)?;
    let hub = hub_of(&locals.event_loop(py)).inspect_err(|_| close(&awaitable))?;
    let shared = Arc::new(Shared {
        inner: Mutex::new(Inner {
            stage: Stage::New(awaitable.clone().unbind(), locals.clone()),
            waker: None,
            cancelled: false,
            detached: false,
            registration: None,
        }),
        hub,
    });
    let item: Weak<dyn Deliver> = Arc::<Shared>::downgrade(&shared);
    let Some(registration) = shared.hub.register(item) else {
        close(&awaitable);
        return Err(closed_error());
    };
    shared.lock().registration = Some(registration);
    shared.hub.push(Arc::<Shared>::clone(&shared));
    Ok(PyFuture {
        shared: Some(shared),
    })
}

fn require_awaitable(object: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = object.py();
    let class = object.get_type();
    // `inspect.isawaitable` is slow; it knows of coroutines that generators are made to be, too.
    if class.hasattr(intern!(py, "__await__"))?
        || asyncio::isawaitable(py)?.call1((object,))?.is_truthy()?
    {
        return Ok(());
    }
    let message = format!(
        "an awaitable is required, got an object of type {}",
        class.name()?
    );
    Err(PyTypeError::new_err(message))
}

/// Closes a coroutine that will not be started, so that Python does not warn that it was never awaited.
fn close(awaitable: &Bound<'_, PyAny>) {
    let py = awaitable.py();
    if let Ok(close) = awaitable.getattr(intern!(py, "close")) {
        if let Err(error) = close.call0() {
            error.write_unraisable(py, Some(awaitable));
        }
    }
}

/// Lets a task go that a closed loop has left pending, without asyncio's and Python's words about it: nobody but this
/// library has it, and its Rust future gets an error.
pub(crate) fn silence(task: &Bound<'_, PyAny>) {
    let py = task.py();
    // What asyncio sets on the children of a `gather` that nobody awaits.
    let silenced = task.setattr(intern!(py, "_log_destroy_pending"), false);
    let closed = silenced.and_then(|()| task.call_method0(intern!(py, "get_coro")));
    if let Ok(coroutine) = closed {
        close(&coroutine);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Only moves happen under this lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The future was dropped: the loop's thread shall cancel the task, or drop the output.
    fn cancel(self: Arc<Self>) {
        let mut inner = self.lock();
        inner.cancelled = true;
        let waker = inner.waker.take();
        let is_gone = matches!(inner.stage, Stage::Gone);
        drop(inner);
        drop(waker);
        if !is_gone {
            self.hub.push(Arc::<Self>::clone(&self));
        }
    }

    /// Keeps the output for whoever polls; drops it where nobody will.
    fn finish(&self, output: PyResult<Py<PyAny>>) {
        let mut inner = self.lock();
        if matches!(inner.stage, Stage::Done(_) | Stage::Gone) {
            drop(inner);
            return;
        }
        let stage = if inner.cancelled {
            Stage::Gone
        } else {
            Stage::Done(output)
        };
        let before = std::mem::replace(&mut inner.stage, stage);
        let (waker, registration) = (inner.waker.take(), inner.registration.take());
        drop(inner);
        drop((before, registration));
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn start_task(
        self: &Arc<Self>,
        awaitable: Py<PyAny>,
        locals: &TaskLocals,
        py: Python<'_>,
    ) -> PyResult<()> {
        let task = ensure_future(awaitable.bind(py), locals)?;
        let origin = if task.is(&awaitable) {
            Origin::Theirs
        } else {
            Origin::Ours
        };
        if origin == Origin::Ours
            && !self.lock().detached
            && task.call_method0(intern!(py, "done"))?.is_truthy()?
        {
            // It took one step, and that was all.
            self.finish(task.call_method0(intern!(py, "result")).map(Bound::unbind));
            return Ok(());
        }
        self.started(&task, origin);
        let callback = Bound::new(py, DoneCallback::new(Arc::clone(self)))?;
        task.call_method1(intern!(py, "add_done_callback"), (callback,))?;
        Ok(())
    }
}

impl Shared {
    /// Remembers the task, unless the loop was closed meanwhile.
    fn started(&self, task: &Bound<'_, PyAny>, origin: Origin) {
        let mut inner = self.lock();
        if matches!(inner.stage, Stage::Starting) {
            inner.stage = Stage::Started(task.clone().unbind(), origin);
        }
    }
}

/// Makes a task of the awaitable within the locals' context, as `asyncio.ensure_future` does.
pub(crate) fn ensure_future<'py>(
    awaitable: &Bound<'py, PyAny>,
    locals: &TaskLocals,
) -> PyResult<Bound<'py, PyAny>> {
    let py = awaitable.py();
    let event_loop = locals.event_loop(py);
    if awaitable.get_type().is(asyncio::coroutine_type(py)?) {
        return create_task(&event_loop, awaitable, locals);
    }
    let keywords = PyDict::new(py);
    keywords.set_item(intern!(py, "loop"), event_loop)?;
    let ensure_future = asyncio::ensure_future(py)?;
    locals.run(py, |_| ensure_future.call((awaitable,), Some(&keywords)))
}

/// Makes a task of a coroutine; from Python 3.12 on it takes its first step at once, unless the loop has a task factory
/// of its own.
fn create_task<'py>(
    event_loop: &Bound<'py, PyAny>,
    coroutine: &Bound<'py, PyAny>,
    locals: &TaskLocals,
) -> PyResult<Bound<'py, PyAny>> {
    let py = coroutine.py();
    let factory = event_loop.call_method0(intern!(py, "get_task_factory"))?;
    if !factory.is_none() || !asyncio::makes_plain_tasks(event_loop)? {
        let create_task = event_loop.getattr(intern!(py, "create_task"))?;
        return locals.run(py, |_| create_task.call1((coroutine,)));
    }
    let keywords = PyDict::new(py);
    keywords.set_item(intern!(py, "loop"), event_loop)?;
    keywords.set_item(intern!(py, "eager_start"), true)?;
    let context = locals.context(py);
    if !context.is_none() {
        // A copy, as other tasks have one, and since the original may be in use.
        keywords.set_item(
            intern!(py, "context"),
            context.call_method0(intern!(py, "copy"))?,
        )?;
    }
    asyncio::task_type(py)?.call((coroutine,), Some(&keywords))
}

/// What the loop's thread has to do next.
enum Step {
    Start(Py<PyAny>, TaskLocals),
    Close(Py<PyAny>),
    Cancel(Py<PyAny>),
    Drop(Stage),
    Nothing,
}

impl Deliver for Shared {
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        let step = self.next_step(py);
        match step {
            Step::Start(awaitable, locals) => {
                let started = catch_call(|| self.start_task(awaitable, &locals, py));
                if let Err(error) = started.unwrap_or_else(|caught| Err(caught.into())) {
                    let leaves = leaves_the_loop(&error, py).then(|| error.clone_ref(py));
                    self.finish(Err(error));
                    return leaves.map_or(Ok(()), Err);
                }
            }
            Step::Close(awaitable) => {
                close(awaitable.bind(py));
                self.finish(Err(closed_error()));
            }
            Step::Cancel(task) => {
                task.bind(py).call_method0(intern!(py, "cancel"))?;
            }
            Step::Drop(stage) => drop(stage),
            Step::Nothing => {}
        }
        Ok(())
    }

    fn discard(self: Arc<Self>) {
        match self.take_unfinished() {
            Some(Stage::New(awaitable, _)) => {
                Python::try_attach(|py| pending_error::keep(py, || close(awaitable.bind(py))));
            }
            Some(Stage::Started(task, Origin::Ours)) => {
                Python::try_attach(|py| pending_error::keep(py, || silence(task.bind(py))));
            }
            _ => {}
        }
        self.finish(Err(closed_error()));
    }
}

impl Shared {
    /// Takes what a closed loop has left; an output stays where it is.
    fn take_unfinished(&self) -> Option<Stage> {
        let mut inner = self.lock();
        match inner.stage {
            Stage::Done(_) | Stage::Gone => None,
            _ => Some(std::mem::replace(&mut inner.stage, Stage::Starting)),
        }
    }

    fn next_step(&self, py: Python<'_>) -> Step {
        let mut inner = self.lock();
        let cancelled = inner.cancelled;
        let (next, step) = match std::mem::replace(&mut inner.stage, Stage::Starting) {
            Stage::New(awaitable, _) if cancelled => (Stage::Starting, Step::Close(awaitable)),
            Stage::New(awaitable, locals) => (Stage::Starting, Step::Start(awaitable, locals)),
            Stage::Started(task, origin) if cancelled => (
                Stage::Started(task.clone_ref(py), origin),
                Step::Cancel(task),
            ),
            done @ Stage::Done(_) if cancelled => (Stage::Gone, Step::Drop(done)),
            stage => (stage, Step::Nothing),
        };
        inner.stage = next;
        step
    }
}

/// Tells the Rust future when the Python task is done, or has been dropped by a dying loop.
#[pyclass(frozen, module = "pyo3_aio")]
struct DoneCallback {
    shared: Mutex<Option<Arc<Shared>>>,
}

impl DoneCallback {
    fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared: Mutex::new(Some(shared)),
        }
    }

    fn take(&self) -> Option<Arc<Shared>> {
        self.shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

#[pymethods]
impl DoneCallback {
    fn __call__(&self, task: &Bound<'_, PyAny>) {
        if let Some(shared) = self.take() {
            if shared.lock().detached {
                return;
            }
            let result = catch_call(|| task.call_method0(intern!(task.py(), "result")));
            let result = result.unwrap_or_else(|caught| Err(caught.into()));
            shared.finish(result.map(Bound::unbind));
        }
    }
}

impl Drop for DoneCallback {
    fn drop(&mut self) {
        if let Some(shared) = self.take() {
            shared.finish(Err(closed_error()));
        }
    }
}
