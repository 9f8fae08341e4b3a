//! Standard error without std's lock, which a test that was given up may keep.

#![cfg_attr(unix, expect(unsafe_code, reason = "std locks its own"))]

/// Writes `text` to standard error, as far as that is possible. In a test it is captured.
#[cfg(unix)]
pub(crate) fn print_error(mut text: &[u8]) {
    while !text.is_empty() {
        // SAFETY: the text is readable.
        let written = unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
        match usize::try_from(written) {
            Ok(written) => text = text.get(written..).unwrap_or_default(),
            Err(_) if is_interrupted() => {}
            Err(_) => return,
        }
    }
}

#[cfg(unix)]
fn is_interrupted() -> bool {
    std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted
}

/// Writes `text` to standard error, as far as that is possible.
#[cfg(not(unix))]
pub(crate) fn print_error(text: &[u8]) {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), text);
}
