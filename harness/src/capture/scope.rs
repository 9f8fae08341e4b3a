//! The output of one test, and the thread-local variable that points to it.
//!
//! | a scope is | event, and who | next |
//! | --- | --- | --- |
//! | open: what its threads print is appended | the test has ended: its thread closes it | closed |
//! | open | the test is given up: the thread that drives the schedule closes it | closed |
//! | open | the test aborts: the handler of SIGABRT, on the thread that aborts | closed |
//! | closed: what its threads print goes to standard error, beside the report | | |
//!
//! | a thread works for | event, all on that thread | next |
//! | --- | --- | --- |
//! | no test | a job starts there; [`Context::run`](super::Context::run); it was started by a thread that works for a test | that test |
//! | a test | it enters another scope | that one, until the guard is dropped |
//! | a test | its guard is dropped | what it worked for before |
//! | a test | its thread-local variables are destroyed | no test |

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::iter;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use super::journal::Journal;
use crate::process::{is_stderr_redirected, print_error, print_to_saved_stderr, reopen_stderr};
use crate::unwind::PanicRecord;

/// Where the output of a test goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Into the scope.
    Scope,
    /// Into a file that the descriptors of this process point at.
    #[cfg_attr(not(unix), expect(dead_code, reason = "there are no workers"))]
    File,
    /// Where the process prints (`--nocapture`).
    PassThrough,
}

/// A test that is running, and what it has printed so far.
pub(crate) struct Scope {
    name: String,
    destination: Destination,
    /// `None` when output is not captured.
    output: Option<Journal>,
    /// The last panic of a thread that works for the test.
    panic: Mutex<Option<PanicRecord>>,
    attachment: OnceLock<Attachment>,
}

/// Something that lives as long as the scope.
type Attachment = Box<dyn Any + Send + Sync + UnwindSafe + RefUnwindSafe>;

impl Scope {
    /// Creates the scope of a test.
    pub(crate) fn new(name: String, destination: Destination) -> Arc<Self> {
        let captures = destination == Destination::Scope;
        Arc::new(Self {
            name,
            destination,
            output: captures.then(Journal::new),
            panic: Mutex::default(),
            attachment: OnceLock::new(),
        })
    }

    /// Keeps the record of a panic.
    ///
    /// Waits for nobody: in a forked child the lock may be one that nobody gives back.
    pub(super) fn record_panic(&self, panic: Option<PanicRecord>) {
        if let Ok(mut slot) = self.panic.try_lock() {
            *slot = panic;
        }
    }

    /// Returns the last panic of a thread that works for the test.
    pub(crate) fn take_panic(&self) -> Option<PanicRecord> {
        self.panic.try_lock().ok()?.take()
    }

    /// Returns the place for what the values of the test are kept in.
    pub(crate) fn attachment(&self) -> &OnceLock<Attachment> {
        &self.attachment
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Says whether standard output and standard error come together, so that their order counts.
    pub(crate) fn merges_output(&self) -> bool {
        self.destination != Destination::PassThrough
    }

    /// Says whether output is captured in memory, and the scope is open.
    pub(crate) fn is_capturing(&self) -> bool {
        self.output
            .as_ref()
            .is_some_and(|output| !output.is_closed())
    }

    /// Says whether output was captured in memory, and the scope is closed.
    #[cfg_attr(
        not(any(all(target_os = "linux", target_env = "gnu"), target_os = "macos")),
        expect(dead_code, reason = "there is no layer")
    )]
    pub(super) fn is_over(&self) -> bool {
        self.output.as_ref().is_some_and(Journal::is_closed)
    }

    /// Says whether the test has not ended.
    pub(super) fn is_open(&self) -> bool {
        self.destination != Destination::Scope || self.is_capturing()
    }

    /// Appends to the output; `false` if it is not captured in memory, or the scope is closed.
    pub(crate) fn append(&self, text: &[u8]) -> bool {
        self.append_parts(iter::once(text))
    }

    /// Appends all parts, one directly after the other.
    pub(super) fn append_parts<'a>(&self, parts: impl Iterator<Item = &'a [u8]> + Clone) -> bool {
        self.output
            .as_ref()
            .is_some_and(|output| output.append(parts))
    }

    /// Appends to the output, or prints to standard error.
    pub(crate) fn append_or_print(&self, text: &[u8]) {
        if self.append(text) {
            return;
        }
        match self.destination {
            Destination::File => print_to_saved_stderr(text),
            Destination::Scope | Destination::PassThrough => print_error(text),
        }
    }

    /// Opens standard error again if the test, in a worker process, has closed it. Returns `false` if the test has
    /// pointed it elsewhere, where what a panic hook prints would not be shown with the test.
    pub(super) fn reopen_stderr(&self) -> bool {
        if !matches!(self.destination, Destination::File) {
            return true;
        }
        reopen_stderr();
        !is_stderr_redirected()
    }

    /// Closes the scope, and returns the output.
    pub(crate) fn close(&self) -> Vec<u8> {
        let mut text = Vec::new();
        self.take(|piece| text.extend_from_slice(piece));
        text
    }

    fn take(&self, visit: impl FnMut(&[u8])) {
        if let Some(output) = &self.output {
            output.close(visit);
        }
    }
}

/// The part that the current thread has in the test that it works for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// It bears the test's name, or was started by the test and has its own; panics name it.
    Thread,
    /// It polls the test, among other work. Panics name the test, not the thread.
    Poll,
}

impl Role {
    /// Returns what this thread is to a test that it is about to run.
    pub(crate) fn of_this_thread(test: &Scope) -> Self {
        if thread::current().name() == Some(test.name()) {
            Self::Thread
        } else {
            Self::Poll
        }
    }
}

/// The test that a thread works for, and its part in that.
pub(super) struct Entry {
    pub(super) scope: Arc<Scope>,
    pub(super) role: Role,
}

thread_local! {
    static CURRENT: RefCell<Option<Entry>> = const { RefCell::new(None) };
    /// Whether there is an entry. The first access to `CURRENT` on a thread registers its destructor, which may call
    /// the allocator; an access to this one never does, so that a signal handler may look.
    static IS_AT_WORK: Cell<bool> = const { Cell::new(false) };
}

/// Returns the scope of the test that this thread works for.
///
/// It is `None` also while this thread ends, or changes its scope.
pub(crate) fn current() -> Option<Arc<Scope>> {
    current_entry().map(|(scope, _)| scope)
}

/// Returns the scope of the test that this thread works for, and the thread's part in it.
pub(crate) fn current_entry() -> Option<(Arc<Scope>, Role)> {
    with_entry(|entry| entry.map(|entry| (entry.scope.clone(), entry.role)))
}

/// Closes the scope of this thread's test, and shows the test's name with each piece of its output. Does not call the
/// allocator, and waits for no lock.
#[cfg(unix)]
pub(crate) fn take_current_output(mut visit: impl FnMut(&str, &[u8])) {
    with_entry(|entry| {
        if let Some(Entry { scope, .. }) = entry {
            scope.take(|piece| visit(&scope.name, piece));
        }
    });
}

/// Calls `visit` with the entry of this thread. If the entry is being changed, or has been destroyed, returns the default.
pub(super) fn with_entry<T: Default>(visit: impl FnOnce(Option<&Entry>) -> T) -> T {
    if !IS_AT_WORK.get() {
        return visit(None);
    }
    let looked = CURRENT.try_with(|current| match current.try_borrow() {
        Ok(entry) => visit(entry.as_ref()),
        Err(_) => T::default(),
    });
    looked.unwrap_or_default()
}

/// Replaces the entry of this thread, and returns the former one.
pub(super) fn swap(entry: Option<Entry>) -> Option<Entry> {
    let is_at_work = entry.is_some();
    let former = CURRENT.try_with(|current| current.replace(entry));
    IS_AT_WORK.set(is_at_work && former.is_ok());
    former.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_scope_lets_output_pass() {
        let scope = Scope::new("t".to_owned(), Destination::Scope);
        assert!(scope.append(b"a"));
        assert_eq!(scope.close(), b"a");
        assert!(!scope.append(b"b"));
    }
}
