//! A duplicate of the standard error that a worker process started with.
//!
//! For tests that redirect descriptor 2, as with the crate `gag`, or close it: the text of a panic meanwhile, and what
//! the harness says of the test, still come into the file that the parent reads.

#![expect(unsafe_code, reason = "std cannot open standard error again")]

use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::OnceLock;

use super::print_error;
use crate::process::{CheckedFile, file_id};

static FILE: OnceLock<CheckedFile<File>> = OnceLock::new();

/// Keeps `file`, which is where standard error goes.
pub(crate) fn save_stderr(file: File) {
    let _ = FILE.set(CheckedFile::new(file));
}

/// Writes `text` to where standard error went, as far as that is possible.
pub(crate) fn print_to_saved_stderr(text: &[u8]) {
    match file() {
        Some(mut file) => file.write_all(text).unwrap_or_default(),
        None => print_error(text),
    }
}

/// Opens standard error again if a test has closed it, for panic hooks that print there.
pub(crate) fn reopen_stderr() {
    if file_id(libc::STDERR_FILENO).is_some() {
        return;
    }
    if let Some(file) = file() {
        // SAFETY: the file is open, and the other descriptor is nobody's.
        unsafe { libc::dup2(file.as_raw_fd(), libc::STDERR_FILENO) };
    }
}

/// Says whether a test has pointed standard error at something else.
pub(crate) fn is_stderr_redirected() -> bool {
    let known = FILE.get().filter(|file| file.is_intact());
    known.is_some_and(|file| !file.is_same_file(libc::STDERR_FILENO))
}

fn file() -> Option<&'static File> {
    let file = FILE.get().filter(|file| file.is_intact())?;
    Some(file)
}
