//! Tells Ctrl-C from a `KeyboardInterrupt` that a coroutine raises, and notices it where Python cannot.
//!
//! Python's handler in C writes the number of each signal to a descriptor (`signal.set_wakeup_fd`), also when a test keeps
//! Python's lock, so that no handler of Python's can run. A thread reads at the other end. uvloop, and asyncio once it has
//! a handler of its own for a signal, put their descriptor in the place of this one: then every `KeyboardInterrupt` counts
//! as Ctrl-C, and one under a kept lock is not noticed.

use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

/// How long Python has to act on Ctrl-C by itself.
const PATIENCE: Duration = Duration::from_secs(2);

/// Stands for no signal: everything that was written before it has been read.
const MARK: u8 = 0;

/// Watches for Ctrl-C.
pub(crate) struct Sigint {
    /// Where the numbers are written.
    writer: UnixStream,
    has_come: Arc<AtomicBool>,
    marks: Mutex<Receiver<()>>,
    /// The descriptor that was set before, or -1.
    former: i32,
}

impl Sigint {
    /// Watches from now on, on Python's main thread; `when_stuck` is called after a Ctrl-C that Python cannot act on.
    pub(crate) fn watch(
        py: Python<'_>,
        when_stuck: impl FnOnce() + Send + 'static,
    ) -> PyResult<Self> {
        let (writer, reader) = UnixStream::pair()?;
        writer.set_nonblocking(true)?;
        let has_come = Arc::new(AtomicBool::new(false));
        let (marks, has_mark) = mpsc::channel();
        let thread = thread::Builder::new().name("test-sigint".to_owned());
        let flag = Arc::clone(&has_come);
        thread.spawn(move || read(reader, &flag, &marks, when_stuck))?;
        Ok(Self {
            former: set_wakeup_fd(py, writer.as_raw_fd(), false)?,
            writer,
            has_come,
            marks: Mutex::new(has_mark),
        })
    }

    /// Says whether a `KeyboardInterrupt` may be Ctrl-C.
    pub(crate) fn has_come(&self, py: Python<'_>) -> bool {
        !matches!(self.is_in_place(py), Ok(true))
            || py.detach(|| self.wait_for_mark()).is_err()
            || self.has_come.swap(false, Ordering::SeqCst)
    }

    /// Puts back what was there before.
    pub(crate) fn stop(self, py: Python<'_>) -> PyResult<()> {
        if self.is_in_place(py)? {
            set_wakeup_fd(py, self.former, true)?;
        }
        Ok(())
    }

    /// Says whether this descriptor is the one that is set; Python tells only whoever sets another. No moment is without
    /// a descriptor: a signal in between would be lost.
    fn is_in_place(&self, py: Python<'_>) -> PyResult<bool> {
        let own = self.writer.as_raw_fd();
        let current = set_wakeup_fd(py, own, false)?;
        if current != own {
            // Warns of a full buffer, as for asyncio and uvloop, which leave that option as it is.
            set_wakeup_fd(py, current, true)?;
        }
        Ok(current == own)
    }

    /// Waits until the thread has read what has been written.
    fn wait_for_mark(&self) -> io::Result<()> {
        (&self.writer).write_all(&[MARK])?;
        let marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.recv().map_err(io::Error::other)
    }
}

fn set_wakeup_fd(py: Python<'_>, descriptor: i32, warns: bool) -> PyResult<i32> {
    let options = [("warn_on_full_buffer", warns)].into_py_dict(py)?;
    py.import("signal")?
        .call_method("set_wakeup_fd", (descriptor,), Some(&options))?
        .extract()
}

/// Reads until the other end is closed.
fn read(
    mut reader: UnixStream,
    has_come: &AtomicBool,
    marks: &Sender<()>,
    when_stuck: impl FnOnce(),
) {
    let mut number = [0];
    while reader.read_exact(&mut number).is_ok() {
        if number == [MARK] {
            let _ = marks.send(());
        } else if i32::from(number[0]) == libc::SIGINT {
            has_come.store(true, Ordering::SeqCst);
            if !can_attach() {
                return when_stuck();
            }
        }
    }
}

/// Says whether threads come to Python.
fn can_attach() -> bool {
    let (attached, has_attached) = mpsc::channel();
    let thread = thread::Builder::new().spawn(move || Python::attach(|_py| attached.send(())));
    thread.is_err() || has_attached.recv_timeout(PATIENCE).is_ok()
}
