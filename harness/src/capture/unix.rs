//! The bodies of the C functions that `capture!` defines.
//!
//! They run in every thread, at any time: in signal handlers, between fork and exec, while a
//! thread-local variable is destroyed. So `write` and `writev` wait for no lock, and do not call the
//! allocator. They fall through to the system whenever the entry of the thread is being changed, and on an
//! alternate signal stack in any case: what a handler prints there (of a stack overflow, for
//! example) is about the end of the process.
//!
//! A thread that a test's thread starts:
//!
//! | state | event, by whom, on which thread | next |
//! | --- | --- | --- |
//! | requested: `Inherited` is in a box, with the scope | the system starts no thread: `pthread_create`, on the thread that called it, drops the box | |
//! | requested | the system starts the thread: `start_inherited`, on the new one, takes the box, and enters the scope | at work for the test |
//! | at work | its own function returns, or is unwound through by `pthread_exit`; then its thread-local variables are destroyed | at work for no test |
//!
//! A write to descriptor 1 or 2, on the thread that writes; the first row that applies counts:
//!
//! | state of the thread | state of the scope | the bytes go |
//! | --- | --- | --- |
//! | at work for no test; or its entry is being changed, or destroyed | | where the caller wants |
//! | in a signal handler that has a stack of its own | | where the caller wants; if the scope is closed, to standard error |
//! | at work for a test | open | into the scope |
//! | at work for a test | open, and the output is not captured | where the caller wants |
//! | at work for a test | closed: the test has been reported | to standard error |
//!
//! The presence of the functions in this binary is found once, by the first thread that asks: see `is_present`.

#![expect(unsafe_code, reason = "these functions stand in for C's")]

mod stack;

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::iter;
use std::mem;
use std::ptr;
use std::slice;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::scope::{self, Entry, Role, Scope};

/// The function that a thread starts with. It may be unwound through: `pthread_exit` does that.
pub type Start = extern "C-unwind" fn(*mut c_void) -> *mut c_void;

type PthreadCreate = unsafe extern "C" fn(*mut c_void, *const c_void, Start, *mut c_void) -> c_int;

thread_local! {
    /// Whether `write` has been called for [`PROBE`], which is no descriptor.
    static IS_PROBED: Cell<bool> = const { Cell::new(false) };
}

const PROBE: c_int = -1;

/// Says whether this binary has the functions, as `capture!` defines them.
pub(crate) fn is_present() -> bool {
    static PRESENT: OnceLock<bool> = OnceLock::new();
    *PRESENT.get_or_init(|| {
        // SAFETY: no byte is read.
        unsafe { libc::write(PROBE, ptr::null(), 0) };
        IS_PROBED.get()
    })
}

/// Returns the number that the kernel gave this thread.
#[cfg(target_os = "linux")]
pub(crate) fn thread_id() -> i32 {
    // SAFETY: gettid has no preconditions.
    unsafe { libc::gettid() }
}

/// Stands in for write(2).
///
/// # Safety
///
/// As for write(2): `data` points to `length` readable bytes.
pub unsafe fn write(fd: c_int, data: *const c_void, length: usize) -> isize {
    if fd == PROBE {
        IS_PROBED.set(true);
    }
    if is_standard(fd) && !data.is_null() {
        // SAFETY: the caller says that the bytes are readable; null is excluded above.
        let text = unsafe { slice::from_raw_parts(data.cast::<u8>(), length) };
        if append_to_current(iter::once(text)) {
            return length as isize;
        }
    }
    // SAFETY: the caller's contract is that of the system's function.
    unsafe { system_write(beside_report(fd), data, length) }
}

/// Stands in for writev(2).
///
/// # Safety
///
/// As for writev(2): `parts` points to `count` vectors of readable bytes.
pub unsafe fn writev(fd: c_int, parts: *const c_void, count: c_int) -> isize {
    let parts = parts.cast::<libc::iovec>();
    let is_ours = is_standard(fd) && count > 0 && !parts.is_null();
    if is_ours {
        // SAFETY: the caller says that there are so many vectors.
        let parts = unsafe { slice::from_raw_parts(parts, count as usize) };
        // SAFETY: the caller says that the bytes of each are readable.
        let texts = parts.iter().map(|part| unsafe { bytes(part) });
        if append_to_current(texts.clone()) {
            return texts.map(<[u8]>::len).sum::<usize>() as isize;
        }
    }
    // SAFETY: the caller's contract is that of the system's function.
    unsafe { system_writev(beside_report(fd), parts, count) }
}

/// Stands in for pthread_create(3).
///
/// # Safety
///
/// As for pthread_create(3).
pub unsafe fn pthread_create(
    thread: *mut c_void,
    attributes: *const c_void,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    let Some(create) = system_pthread_create() else {
        return libc::EAGAIN;
    };
    let Some(scope) = scope::current() else {
        // SAFETY: the caller's contract is that of the system's function.
        return unsafe { create(thread, attributes, start, argument) };
    };
    let inherited = Box::into_raw(Box::new(Inherited {
        scope,
        start,
        argument,
    }));
    // SAFETY: as above; `start_inherited` takes what `inherited` points to, once.
    let status = unsafe { create(thread, attributes, start_inherited, inherited.cast()) };
    if status != 0 {
        // SAFETY: no thread was started, so nobody else has or will have the pointer.
        drop(unsafe { Box::from_raw(inherited) });
    }
    status
}

struct Inherited {
    scope: Arc<Scope>,
    start: Start,
    argument: *mut c_void,
}

/// Calls the thread's own function. Nothing may be left to drop here meanwhile: `pthread_exit` and cancellation
/// unwind through this frame.
extern "C-unwind" fn start_inherited(inherited: *mut c_void) -> *mut c_void {
    // SAFETY: `pthread_create` above made this pointer from a box, for this thread only.
    let Inherited {
        scope,
        start,
        argument,
    } = *unsafe { Box::from_raw(inherited.cast::<Inherited>()) };
    let role = Role::Thread;
    drop(scope::swap(Some(Entry { scope, role })));
    // std's standard output is not flushed afterwards: the test may have ended already, and half a line of
    // another test may stand there.
    start(argument)
}

/// Appends to the output of the test that this thread works for; `false` if there is none, if its scope is closed, or
/// if this is called in the handler of a signal on an alternate stack.
fn append_to_current<'a>(parts: impl Iterator<Item = &'a [u8]> + Clone) -> bool {
    let append = |entry: &Entry| !stack::is_alternate() && entry.scope.append_parts(parts);
    scope::with_entry(|entry| entry.is_some_and(append))
}

/// Returns the descriptor for a write to `fd` that is not captured: standard error in the place of standard output, if this
/// thread works for a test that has ended. Its lines would stand among those of the report.
fn beside_report(fd: c_int) -> c_int {
    let is_late = || scope::with_entry(|entry| entry.is_some_and(|entry| entry.scope.is_over()));
    match fd {
        libc::STDOUT_FILENO if is_late() => libc::STDERR_FILENO,
        _ => fd,
    }
}

fn is_standard(fd: c_int) -> bool {
    fd == libc::STDOUT_FILENO || fd == libc::STDERR_FILENO
}

/// # Safety
///
/// `part` describes readable bytes.
unsafe fn bytes(part: &libc::iovec) -> &[u8] {
    if part.iov_base.is_null() {
        return &[];
    }
    // SAFETY: the caller says so.
    unsafe { slice::from_raw_parts(part.iov_base.cast::<u8>(), part.iov_len) }
}

/// # Safety
///
/// As for write(2).
#[cfg(target_os = "linux")]
unsafe fn system_write(fd: c_int, data: *const c_void, length: usize) -> isize {
    // SAFETY: the caller's contract is that of the system call.
    unsafe { libc::syscall(libc::SYS_write, fd, data, length) as isize }
}

/// # Safety
///
/// As for writev(2).
#[cfg(target_os = "linux")]
unsafe fn system_writev(fd: c_int, parts: *const libc::iovec, count: c_int) -> isize {
    // SAFETY: the caller's contract is that of the system call.
    unsafe { libc::syscall(libc::SYS_writev, fd, parts, count) as isize }
}

/// # Safety
///
/// As for write(2).
#[cfg(not(target_os = "linux"))]
unsafe fn system_write(fd: c_int, data: *const c_void, length: usize) -> isize {
    type Write = unsafe extern "C" fn(c_int, *const c_void, usize) -> isize;
    static WRITE: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
    let found = next_symbol(&WRITE, c"write");
    assert!(!found.is_null(), "the C library has no write");
    // SAFETY: the C library's `write` has this type.
    let write: Write = unsafe { mem::transmute(found) };
    // SAFETY: the caller's contract is that of the function.
    unsafe { write(fd, data, length) }
}

/// # Safety
///
/// As for writev(2).
#[cfg(not(target_os = "linux"))]
unsafe fn system_writev(fd: c_int, parts: *const libc::iovec, count: c_int) -> isize {
    type Writev = unsafe extern "C" fn(c_int, *const libc::iovec, c_int) -> isize;
    static WRITEV: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
    let found = next_symbol(&WRITEV, c"writev");
    assert!(!found.is_null(), "the C library has no writev");
    // SAFETY: the C library's `writev` has this type.
    let writev: Writev = unsafe { mem::transmute(found) };
    // SAFETY: the caller's contract is that of the function.
    unsafe { writev(fd, parts, count) }
}

fn system_pthread_create() -> Option<PthreadCreate> {
    static CREATE: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
    let found = next_symbol(&CREATE, c"pthread_create");
    // SAFETY: the C library's `pthread_create` has this type, with its pointers left opaque.
    (!found.is_null()).then(|| unsafe { mem::transmute::<*mut c_void, PthreadCreate>(found) })
}

/// Returns the definition of `name` that comes after this binary's, and remembers it.
fn next_symbol(known: &AtomicPtr<c_void>, name: &std::ffi::CStr) -> *mut c_void {
    let found = known.load(Ordering::Relaxed);
    if !found.is_null() {
        return found;
    }
    // SAFETY: the name is a C string.
    let found = unsafe { libc::dlsym(libc::RTLD_NEXT, name.as_ptr()) };
    known.store(found, Ordering::Relaxed);
    found
}
