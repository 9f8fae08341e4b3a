//! Standard output while a report for machines has it for itself.
//!
//! Descriptor 1 then leads where descriptor 2 leads, and so does whatever is printed there: by tests and their
//! threads, by C's stdio, by processes that inherit it. The report goes to a duplicate of what descriptor 1 was,
//! which no process inherits.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::mem;
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::capture::{flush, stdio};
use crate::process::{CheckedFile, file_id};

/// Time limit for a flush.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// Present while descriptor 1 leads to standard error.
static RESERVED: Mutex<Option<Reserved>> = Mutex::new(None);

struct Reserved {
    /// A duplicate of what descriptor 1 was.
    original: CheckedFile<File>,
    /// The number of runs that have reserved it: runs may overlap, and a test may have runs of its own.
    count: usize,
}

/// Keeps standard output for reports. When the last of these is dropped, descriptor 1 is what it was before.
#[derive(Debug)]
pub(crate) struct StdoutReservation(());

impl StdoutReservation {
    /// Reserves standard output, unless it is closed. The buffers of std and C are flushed first.
    pub(crate) fn new() -> io::Result<Self> {
        let mut reserved = lock();
        match &mut *reserved {
            Some(reserved) => {
                // A test may have pointed the descriptor elsewhere since.
                redirect()?;
                reserved.count += 1;
            }
            None => *reserved = reserve()?,
        }
        Ok(Self(()))
    }

    /// Keeps standard output reserved until the process ends.
    pub(super) fn keep(self) {
        mem::forget(self);
    }
}

impl Drop for StdoutReservation {
    /// Restores descriptor 1, unless a test was given up, which may go on to print there, or a flush does not end.
    fn drop(&mut self) {
        let mut slot = lock();
        let Some(reserved) = &mut *slot else { return };
        reserved.count = reserved.count.saturating_sub(1);
        let is_last = reserved.count == 0;
        if is_last && reserved.original.is_intact() && !flush::is_lock_suspect() && flush_in_time()
        {
            let _ = stdio::point(libc::STDOUT_FILENO, &*reserved.original);
            *slot = None;
        }
    }
}

/// Returns a new descriptor for what descriptor 1 was before it was reserved, if it is.
pub(super) fn duplicate_reserved() -> io::Result<File> {
    match &*lock() {
        Some(reserved) if reserved.original.is_intact() => reserved.original.try_clone(),
        Some(_) => Err(io::Error::other(TAKEN)),
        None => duplicate(),
    }
}

pub(super) const TAKEN: &str = "a test has closed or replaced the file that the report goes to";

fn reserve() -> io::Result<Option<Reserved>> {
    if file_id(libc::STDOUT_FILENO).is_none() {
        return Ok(None);
    }
    flush_in_time();
    let original = CheckedFile::new(duplicate()?);
    redirect()?;
    Ok(Some(Reserved { original, count: 1 }))
}

/// Returns a new descriptor for what descriptor 1 is.
pub(super) fn duplicate() -> io::Result<File> {
    let stdout = io::stdout();
    Ok(File::from(stdout.as_fd().try_clone_to_owned()?))
}

/// Points descriptor 1 where descriptor 2 leads; nowhere if that is closed.
fn redirect() -> io::Result<()> {
    match file_id(libc::STDERR_FILENO) {
        Some(_) => stdio::point(libc::STDOUT_FILENO, &io::stderr()),
        None => {
            let nowhere = OpenOptions::new().write(true).open("/dev/null")?;
            stdio::point(libc::STDOUT_FILENO, &nowhere)
        }
    }
}

/// Flushes the buffers of std and C; `false` if a thread that keeps a lock keeps that from ending.
fn flush_in_time() -> bool {
    let (done, is_done) = mpsc::channel();
    let flush = move || {
        let _ = io::stdout().flush();
        stdio::flush_c();
        let _ = done.send(());
    };
    let started = thread::Builder::new()
        .name("test-flush".to_owned())
        .spawn(flush);
    started.is_ok() && is_done.recv_timeout(FLUSH_LIMIT).is_ok()
}

fn lock() -> MutexGuard<'static, Option<Reserved>> {
    RESERVED.lock().unwrap_or_else(PoisonError::into_inner)
}
