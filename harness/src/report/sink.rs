//! Where the report goes.

use std::io::{self, Write};

use crate::capture::buffer;

/// Standard output, as far as the harness itself writes to it.
///
/// On Unix it is a duplicate of the descriptor, so that the layer that captures what tests write
/// to descriptor 1 never sees the report.
pub(crate) struct Sink {
    file: Option<Target>,
}

#[cfg(unix)]
type Target = std::fs::File;
#[cfg(not(unix))]
type Target = io::Stdout;

impl Sink {
    /// Opens standard output; if it is closed the report goes nowhere.
    ///
    /// What was printed before comes before the report. Later there is nothing to flush: each test
    /// does so when it ends, and half a line of a test that is running must not be let out.
    pub(crate) fn stdout() -> Self {
        buffer::flush();
        Self { file: open() }
    }

    /// Writes `text` at once.
    pub(crate) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        match &mut self.file {
            Some(file) => file.write_all(text).and_then(|()| file.flush()),
            None => Ok(()),
        }
    }
}

#[cfg(unix)]
fn open() -> Option<Target> {
    use std::os::fd::AsFd;
    io::stdout()
        .as_fd()
        .try_clone_to_owned()
        .ok()
        .map(Target::from)
}

#[cfg(not(unix))]
fn open() -> Option<Target> {
    Some(io::stdout())
}
