//! The C function `setenv` of the test binary: counts the calls that were made while the process had several threads.
//!
//! `std::env::set_var` calls it, and is sound only while no other thread reads the environment. Linux only: other
//! systems do not list their threads.
#![expect(unsafe_code, reason = "replaces a function of the C library")]

use std::ffi::{c_char, c_int};
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

static CALLS: AtomicUsize = AtomicUsize::new(0);
static CALLS_AMONG_THREADS: AtomicUsize = AtomicUsize::new(0);

/// How often the environment was changed, and how often of these beside another thread.
pub(crate) fn calls() -> (usize, usize) {
    (
        CALLS.load(Ordering::Relaxed),
        CALLS_AMONG_THREADS.load(Ordering::Relaxed),
    )
}

type Setenv = unsafe extern "C" fn(*const c_char, *const c_char, c_int) -> c_int;

/// Counts, and calls the C library's.
///
/// # Safety
///
/// That of the C function.
// SAFETY: the name is that of a C function, and the signature is its own.
#[unsafe(no_mangle)]
unsafe extern "C" fn setenv(name: *const c_char, value: *const c_char, overwrite: c_int) -> c_int {
    CALLS.fetch_add(1, Ordering::Relaxed);
    if fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() > 1) {
        CALLS_AMONG_THREADS.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: the next definition of that name is the C library's, which has that type.
    unsafe {
        let next = libc::dlsym(libc::RTLD_NEXT, c"setenv".as_ptr());
        let next: Setenv = std::mem::transmute(next);
        next(name, value, overwrite)
    }
}
