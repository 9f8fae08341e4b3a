//! Completions of futures from a thread that is neither Python's nor a runtime's.

use std::sync::mpsc;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread;

use pyo3::prelude::*;
use tokio::sync::oneshot;

/// The sending ends of the futures that are waiting for [`complete`].
static WAITING: Mutex<Vec<oneshot::Sender<i64>>> = Mutex::new(Vec::new());

/// The way to the thread that completes.
static COMPLETER: LazyLock<mpsc::Sender<Vec<oneshot::Sender<i64>>>> = LazyLock::new(|| {
    let (sender, batches) = mpsc::channel();
    thread::spawn(move || batches.into_iter().for_each(send_all));
    sender
});

/// Adds the functions of this file to a module.
pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(complete, module)?)?;
    module.add_function(wrap_pyfunction!(forget, module)?)
}

/// Returns a receiver whose sender waits for [`complete`].
pub(crate) fn enlist() -> oneshot::Receiver<i64> {
    let (sender, receiver) = oneshot::channel();
    waiting().push(sender);
    receiver
}

/// Has another thread send to every future that waits.
#[pyfunction]
fn complete() {
    let batch = std::mem::take(&mut *waiting());
    COMPLETER
        .send(batch)
        .expect("the thread that completes never ends");
}

/// Drops the senders of all futures that wait.
#[pyfunction]
fn forget() {
    waiting().clear();
}

fn waiting() -> std::sync::MutexGuard<'static, Vec<oneshot::Sender<i64>>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

fn send_all(batch: Vec<oneshot::Sender<i64>>) {
    for sender in batch {
        // A future that was cancelled has dropped its receiver.
        let _ = sender.send(1);
    }
}
