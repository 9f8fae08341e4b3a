//! Files of the user's that cannot be written.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The file that a flag asked for cannot be written.
#[derive(Debug)]
pub(super) struct FileError {
    flag: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl FileError {
    /// Says what file an error is about.
    pub(super) fn wrap(flag: &'static str, path: &Path, source: io::Error) -> io::Error {
        io::Error::other(Self {
            flag,
            path: path.to_owned(),
            source,
        })
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flag, path, source } = self;
        write!(
            f,
            "cannot write the file of {flag}, {}: {source}",
            path.display()
        )
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}
