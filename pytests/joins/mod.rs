//! A value that Python must not wait for while it is dropped.

use std::sync::mpsc;
use std::time::Duration;

use pyo3::prelude::*;

/// How long the thread may take to attach.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Joins a thread that attaches to Python when it is dropped, and tells whether that could be done.
pub(crate) struct Joins(pub(crate) mpsc::Sender<bool>);

impl Drop for Joins {
    fn drop(&mut self) {
        let (attached, joined) = mpsc::channel();
        std::thread::spawn(move || Python::attach(|_| attached.send(())));
        let _ = self.0.send(joined.recv_timeout(TIMEOUT).is_ok());
    }
}
