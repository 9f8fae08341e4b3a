//! The extra file of `--logfile`.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::mem;
use std::path::{self, Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::event::{Event, Finished, Outcome};
use crate::process::CheckedFile;

use super::summary;

/// Writes a line a test.
pub(super) struct LogFile {
    path: PathBuf,
    file: CheckedFile<File>,
}

impl LogFile {
    /// Creates the file. A later run of this process adds to it.
    pub(super) fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        static CREATED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
        // A test may change the working directory, so the path is made absolute. If that fails the file cannot be
        // opened either, and the error of opening it is the one that libtest reports.
        let path = path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut created = CREATED.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match created.contains(&path) {
            true => reopen(&path)?,
            false => File::create(&path)?,
        };
        created.insert(path.clone());
        let file = CheckedFile::new(file);
        Ok(Self { path, file })
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        // A test may have closed it, or put a file of its own in its place.
        if !self.file.is_intact() {
            let file = CheckedFile::new(reopen(&self.path)?);
            mem::forget(mem::replace(&mut self.file, file));
        }
        (&*self.file).write_all(line.as_bytes())
    }

    pub(super) fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Finished(finished) => self.write(&line(finished)),
            Event::Listed(description) => {
                let noun = if description.is_bench {
                    "benchmark"
                } else {
                    "test"
                };
                self.write(&format!("{noun} {}\n", description.title()))
            }
            _ => Ok(()),
        }
    }
}

fn reopen(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

fn line(finished: &Finished) -> String {
    let outcome = match &finished.outcome {
        Outcome::Passed => "ok".to_owned(),
        Outcome::Failed(_) => "failed".to_owned(),
        Outcome::FailedBecause(reason) => format!("failed: {reason}"),
        Outcome::TooSlow => "failed (time limit exceeded)".to_owned(),
        Outcome::Ignored { reason: None } => "ignored".to_owned(),
        Outcome::Ignored {
            reason: Some(reason),
        } => format!("ignored: {reason}"),
        Outcome::Measured(measured) => summary::describe(*measured),
    };
    let time = match finished.time {
        Some(time) => format!(" <{:.3}s>", time.as_secs_f64()),
        None => String::new(),
    };
    format!("{outcome} {}{time}\n", finished.description.title())
}
