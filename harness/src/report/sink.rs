//! Where the report goes.

use std::io;

use crate::capture::buffer;

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
    /// What was printed before comes before the report. Later there is nothing to flush: each test
    /// does so when it ends, and half a line of a test that is running must not be let out.
    pub(crate) fn stdout() -> Self {
        buffer::flush();
        Self {
            target: Target::open(),
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
    use std::os::fd::{AsFd, AsRawFd};

    use crate::capture::stdio;
    use crate::guarded::Guarded;

    /// A duplicate of the descriptor, so that the layer that captures what tests write to descriptor
    /// 1 never sees the report.
    pub(super) struct Target(Guarded<File>);

    impl Target {
        pub(super) fn open() -> io::Result<Option<Self>> {
            match io::stdout().as_fd().try_clone_to_owned() {
                Ok(stdout) => Ok(Some(Self(Guarded::new(File::from(stdout))))),
                Err(error) if error.raw_os_error() == Some(libc::EBADF) => Ok(None),
                Err(error) => Err(error),
            }
        }

        pub(super) fn write(&mut self, mut text: &[u8]) -> io::Result<()> {
            self.restore()?;
            while !text.is_empty() {
                match (&*self.0).write(text) {
                    Ok(0) => return Err(ErrorKind::WriteZero.into()),
                    Ok(written) => text = &text[written..],
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    // Whoever else has this file may have asked for that.
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        stdio::await_writable(&self.0)?;
                    }
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        }

        /// Gets a descriptor again if a test has taken this one away.
        fn restore(&mut self) -> io::Result<()> {
            if self.0.is_intact() {
                return Ok(());
            }
            let stdout = io::stdout();
            if !self.0.is_also(stdout.as_raw_fd()) {
                return Err(io::Error::other(
                    "a test has closed or replaced the file that the report goes to",
                ));
            }
            let again = stdout.as_fd().try_clone_to_owned()?;
            // It may have the number of the one before, which must not close it.
            mem::forget(mem::replace(&mut self.0, Guarded::new(File::from(again))));
            Ok(())
        }
    }
}

#[cfg(not(unix))]
mod plain {
    use std::io::{self, Write};

    pub(super) struct Target(io::Stdout);

    impl Target {
        pub(super) fn open() -> io::Result<Option<Self>> {
            Ok(Some(Self(io::stdout())))
        }

        pub(super) fn write(&mut self, text: &[u8]) -> io::Result<()> {
            self.0.write_all(text).and_then(|()| self.0.flush())
        }
    }
}
