//! The file that a worker prints to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::capture::stdio;
use crate::process::CheckedFile;

/// The length in bytes from which on the file is emptied between trials.
const MAX_LENGTH: u64 = 1 << 20;

/// The file, and where the output of the current trial starts in it.
pub(super) struct OutputFile {
    file: CheckedFile<File>,
    pub(super) start: u64,
}

impl OutputFile {
    /// Looks at `file`, which every writer appends to.
    pub(super) fn new(file: File) -> Self {
        Self {
            file: CheckedFile::new(file),
            start: 0,
        }
    }

    /// Creates a file without a name: in the folder for such files, or else in the test binary's.
    pub(super) fn create() -> io::Result<Self> {
        let beside_binary = || Self::create_in(std::env::current_exe().ok()?.parent()?).ok();
        Self::create_in(&std::env::temp_dir()).or_else(|error| beside_binary().ok_or(error))
    }

    fn create_in(folder: &Path) -> io::Result<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!("libtest-async-{}-{number}", process::id());
            let path = folder.join(name);
            let mut options = OpenOptions::new();
            match options.read(true).append(true).create_new(true).open(&path) {
                // A process of this number has left it, or somebody else means harm.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                Ok(file) => {
                    fs::remove_file(&path)?;
                    return Ok(Self::new(file));
                }
            }
        }
    }

    /// Returns a descriptor to print to.
    pub(super) fn writer(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Says whether it is still the file that it was.
    pub(super) fn is_intact(&self) -> bool {
        self.file.is_intact()
    }

    /// Points standard output and standard error at the file again, if a test has changed that.
    pub(super) fn restore(&self) -> io::Result<()> {
        stdio::restore_outputs(&self.file)
    }

    /// Returns what was printed since the last call.
    pub(super) fn take(&mut self) -> io::Result<Vec<u8>> {
        let file = &self.file;
        let end = file.metadata()?.len();
        let mut bytes = vec![0; end.saturating_sub(self.start) as usize];
        file.read_exact_at(&mut bytes, self.start)?;
        self.start = end;
        Ok(bytes)
    }

    /// Empties the file if it has become long; what is printed next comes at its start again.
    pub(super) fn trim(&mut self) -> io::Result<()> {
        if self.start > MAX_LENGTH {
            self.file.set_len(0)?;
            self.start = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn each_byte_is_taken_once_and_a_long_file_is_emptied() {
        let mut output = OutputFile::create().unwrap();
        let mut writer = output.writer().unwrap();
        for text in [&b"one"[..], b"", &[b'x'; MAX_LENGTH as usize], b"after"] {
            writer.write_all(text).unwrap();
            assert!(output.take().unwrap() == text);
            output.trim().unwrap();
        }
        assert_eq!(output.start, 5);
    }
}
