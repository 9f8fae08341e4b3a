//! The descriptor that the report is written to.

use std::io;

use crate::capture::flush;

#[cfg(not(unix))]
use self::plain::Target;
#[cfg(unix)]
use self::unix::Target;

/// Standard output, as far as the harness itself writes to it.
pub(crate) struct Sink {
    /// `None` if it is closed; the error if it cannot be opened.
    target: io::Result<Option<Target>>,
}

impl Sink {
    /// Opens standard output; if it is closed the report goes nowhere.
    ///
    /// Half a line that was printed before comes before the report. Later there is nothing to flush: each test
    /// does so when it ends, and half a line of a test that is running must not be let out.
    ///
    /// A report for machines goes to what is reserved for it; one for people, which a test may have made within
    /// such a run, goes where that test prints.
    pub(crate) fn stdout(is_for_machines: bool) -> Self {
        flush::flush_stdout();
        Self {
            target: Target::open(is_for_machines),
        }
    }

    /// Writes `text` at once.
    pub(crate) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        match &mut self.target {
            Ok(Some(target)) if !text.is_empty() => target.write(text),
            Ok(_) => Ok(()),
            Err(error) => {
                let words = format!("the report has no descriptor: {error}");
                Err(io::Error::new(error.kind(), words))
            }
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{self, ErrorKind, Write};
    use std::mem;
    use std::os::fd::AsRawFd;

    use super::super::stdout;
    use crate::capture::stdio;
    use crate::process::CheckedFile;

    /// A duplicate of the descriptor, so that the layer that captures what tests write to descriptor
    /// 1 never sees the report.
    pub(super) struct Target {
        file: CheckedFile<File>,
        duplicate: fn() -> io::Result<File>,
    }

    impl Target {
        pub(super) fn open(is_for_machines: bool) -> io::Result<Option<Self>> {
            let duplicate = match is_for_machines {
                true => stdout::duplicate_reserved,
                false => stdout::duplicate,
            };
            match duplicate().map(CheckedFile::new) {
                Ok(file) => Ok(Some(Self { file, duplicate })),
                Err(error) if error.raw_os_error() == Some(libc::EBADF) => Ok(None),
                Err(error) => Err(error),
            }
        }

        pub(super) fn write(&mut self, mut text: &[u8]) -> io::Result<()> {
            self.restore()?;
            while !text.is_empty() {
                match (&*self.file).write(text) {
                    Ok(0) => return Err(ErrorKind::WriteZero.into()),
                    Ok(written) => text = &text[written..],
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    // Another process that has this file may have made it non-blocking.
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        stdio::await_writable(&self.file)?;
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        }

        /// Opens another descriptor if a test has closed or replaced this one.
        fn restore(&mut self) -> io::Result<()> {
            if self.file.is_intact() {
                return Ok(());
            }
            let again = match (self.duplicate)() {
                Ok(again) if self.file.is_same_file(again.as_raw_fd()) => again,
                Err(error) if error.raw_os_error() == Some(libc::EMFILE) => return Err(error),
                _ => return Err(io::Error::other(stdout::TAKEN)),
            };
            // It may have the number of the one before, which must not close it.
            mem::forget(mem::replace(&mut self.file, CheckedFile::new(again)));
            Ok(())
        }
    }
}

#[cfg(not(unix))]
mod plain {
    use std::io::{self, Write};

    pub(super) struct Target(io::Stdout);

    impl Target {
        pub(super) fn open(_is_for_machines: bool) -> io::Result<Option<Self>> {
            Ok(Some(Self(io::stdout())))
        }

        pub(super) fn write(&mut self, text: &[u8]) -> io::Result<()> {
            self.0.write_all(text).and_then(|()| self.0.flush())
        }
    }
}
