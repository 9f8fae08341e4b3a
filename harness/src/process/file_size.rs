//! How long the files of this process may become, which a test may have limited: what goes beyond that
//! kills the process.

#![cfg_attr(unix, expect(unsafe_code, reason = "std does not know of limits"))]

use std::fs;
use std::io;
use std::path::Path;

/// Writes a whole file, or fails if it would become too long.
pub(crate) fn write_file(path: &Path, text: &str) -> io::Result<()> {
    check(text.len())?;
    fs::write(path, text)
}

#[cfg(unix)]
fn check(length: usize) -> io::Result<()> {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: this points to such a struct.
    if unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &mut limit) } != 0 {
        return Ok(());
    }
    match libc::rlim_t::try_from(length) {
        Ok(length) if length <= limit.rlim_cur => Ok(()),
        _ => Err(io::Error::from_raw_os_error(libc::EFBIG)),
    }
}

#[cfg(not(unix))]
fn check(_length: usize) -> io::Result<()> {
    Ok(())
}
