//! Distinguishes Ctrl-C from a `KeyboardInterrupt` that a coroutine raises, and ends a run that Python cannot end.
//!
//! Python's signal handler in C writes the number of each signal to a descriptor (`signal.set_wakeup_fd`, `trip_signal` in
//! CPython's `Modules/signalmodule.c`). It does so also while a test holds the GIL, when no Python handler can run. That is
//! the case of a test in a deadlock, which people end with Ctrl-C. A thread of its own reads the other end.
//!
//! | state | event | actor and thread | next state |
//! | --- | --- | --- | --- |
//! | watching | SIGINT | the signal handler, on any thread, writes its number | signalled, once the reader thread has read it |
//! | signalled | a thread can attach to Python | reader thread | signalled: Python raises `KeyboardInterrupt` by itself |
//! | signalled | no thread attaches within [`ATTACH_LIMIT`] | reader thread calls `when_stuck` | ended |
//! | signalled | [`Sigint::has_come`] is asked about a `KeyboardInterrupt` | loop's thread | watching: it is Ctrl-C |
//! | watching | [`Sigint::has_come`] is asked about a `KeyboardInterrupt` | loop's thread | watching: user code raised it |
//! | any | [`Sigint::stop`] | main thread restores the former descriptor and closes the socket | ended |
//!
//! uvloop, and asyncio once a handler is added to the loop, set a descriptor of their own. Then every `KeyboardInterrupt` counts
//! as Ctrl-C, and Ctrl-C while the GIL is held is not noticed.

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

/// Time limit of a thread to attach to Python after Ctrl-C.
const ATTACH_LIMIT: Duration = Duration::from_secs(2);

/// A byte that is no signal's number. Once the reader thread answers it, that thread has read every byte before it.
const SYNC: u8 = 0;

/// Watches for Ctrl-C.
pub(crate) struct Sigint {
    /// The descriptor that the signal handler writes to.
    writer: UnixStream,
    has_come: Arc<AtomicBool>,
    answers: Mutex<Receiver<()>>,
    /// The descriptor that was set before; -1 stands for none.
    former: i32,
}

impl Sigint {
    /// Starts to watch. Called on Python's main thread, which `signal.set_wakeup_fd` requires.
    ///
    /// The reader thread calls `when_stuck` after a Ctrl-C that Python cannot act on.
    pub(crate) fn watch(
        py: Python<'_>,
        when_stuck: impl FnOnce() + Send + 'static,
    ) -> PyResult<Self> {
        let (writer, reader) = UnixStream::pair()?;
        writer.set_nonblocking(true)?;
        let has_come = Arc::new(AtomicBool::new(false));
        let (answers, has_answered) = mpsc::channel();
        let thread = thread::Builder::new().name("test-sigint".to_owned());
        let flag = Arc::clone(&has_come);
        thread.spawn(move || read(reader, &flag, &answers, when_stuck))?;
        Ok(Self {
            former: set_wakeup_fd(py, writer.as_raw_fd(), false)?,
            writer,
            has_come,
            answers: Mutex::new(has_answered),
        })
    }

    /// Says whether a `KeyboardInterrupt` that has just been raised may be Ctrl-C.
    pub(crate) fn has_come(&self, py: Python<'_>) -> bool {
        !matches!(self.is_installed(py), Ok(true))
            || py.detach(|| self.wait_for_reader()).is_err()
            || self.has_come.swap(false, Ordering::SeqCst)
    }

    /// Restores the former descriptor, unless another one was set since.
    pub(crate) fn stop(self, py: Python<'_>) -> PyResult<()> {
        if self.is_installed(py)? {
            set_wakeup_fd(py, self.former, true)?;
        }
        Ok(())
    }

    /// Says whether this descriptor is the one that is set.
    ///
    /// Only `signal.set_wakeup_fd` returns the current descriptor, and it sets another. It is called with this one, never
    /// with -1, so that no signal in between is lost.
    fn is_installed(&self, py: Python<'_>) -> PyResult<bool> {
        let own = self.writer.as_raw_fd();
        let current = set_wakeup_fd(py, own, false)?;
        if current != own {
            // `warn_on_full_buffer` is True by default, which asyncio and uvloop do not change.
            set_wakeup_fd(py, current, true)?;
        }
        Ok(current == own)
    }

    /// Waits until the reader thread has read all bytes that have been written.
    fn wait_for_reader(&self) -> io::Result<()> {
        (&self.writer).write_all(&[SYNC])?;
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.recv().map_err(io::Error::other)
    }
}

fn set_wakeup_fd(py: Python<'_>, descriptor: i32, warns: bool) -> PyResult<i32> {
    let options = [("warn_on_full_buffer", warns)].into_py_dict(py)?;
    py.import("signal")?
        .call_method("set_wakeup_fd", (descriptor,), Some(&options))?
        .extract()
}

/// Reads until the other end is closed, on the reader thread.
fn read(
    mut reader: UnixStream,
    has_come: &AtomicBool,
    answers: &Sender<()>,
    when_stuck: impl FnOnce(),
) {
    let mut number = [0];
    while reader.read_exact(&mut number).is_ok() {
        if number == [SYNC] {
            let _ = answers.send(());
        } else if i32::from(number[0]) == libc::SIGINT {
            has_come.store(true, Ordering::SeqCst);
            if !can_attach() {
                return when_stuck();
            }
        }
    }
}

/// Says whether a thread can attach to Python within the time limit.
fn can_attach() -> bool {
    let (attached, has_attached) = mpsc::channel();
    let thread = thread::Builder::new().spawn(move || Python::attach(|_py| attached.send(())));
    thread.is_err() || has_attached.recv_timeout(ATTACH_LIMIT).is_ok()
}
