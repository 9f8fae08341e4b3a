//! The file of `--junit`: a document as Jenkins, GitLab and GitHub's actions read it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::mem;
use std::path::{self, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::binary;
use crate::event::{Event, Tally};
use crate::process::write_file;

use super::file_error::FileError;
use super::junit_case;
use super::xml::attribute;

/// What the runs of this process have written to each file: a later run adds to it.
static WRITTEN: Mutex<BTreeMap<PathBuf, (Counts, String)>> = Mutex::new(BTreeMap::new());

/// Collects the trials and writes the file when the run is over.
pub(super) struct JunitFile {
    path: PathBuf,
    suite: String,
    cases: String,
}

impl JunitFile {
    /// `path` names a file if it ends in `.xml`, and otherwise a folder, in which the file is named
    /// after the package and the test binary: the same arguments go to every binary of
    /// `cargo test --workspace`. A test that changes the working directory does not move it.
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        let suite = binary::name();
        let is_file = path.extension().is_some_and(|extension| extension == "xml");
        let path = match is_file {
            true => path.to_owned(),
            false => path.join(format!("{}.xml", binary::qualified_name())),
        };
        Ok(Self {
            path: path::absolute(&path)
                .map_err(|error| FileError::wrap("--junit", &path, error))?,
            suite,
            cases: String::new(),
        })
    }

    pub(super) fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Finished(finished) => {
                junit_case::write(&self.suite, finished, &mut self.cases);
                Ok(())
            }
            Event::RunFinished(tally) => self.write(tally),
            _ => Ok(()),
        }
    }

    fn write(&mut self, tally: &Tally) -> io::Result<()> {
        let counts = Counts::of(tally);
        let suite = format!(
            "  <testsuite {}>\n{}  </testsuite>\n",
            counts.attributes(&self.suite),
            mem::take(&mut self.cases)
        );
        let mut written = WRITTEN.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, suites) = written.entry(self.path.clone()).or_default();
        all.add(&counts);
        suites.push_str(&suite);
        let document = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {}>\n{suites}</testsuites>\n",
            all.attributes(&self.suite)
        );
        write(&self.path, &document).map_err(|error| FileError::wrap("--junit", &self.path, error))
    }
}

/// What a suite, or all of a file, came to.
#[derive(Default)]
struct Counts {
    tests: u64,
    failures: u64,
    skipped: u64,
    time: Duration,
}

impl Counts {
    fn of(tally: &Tally) -> Self {
        Self {
            tests: tally.passed + tally.failed + tally.ignored + tally.measured,
            failures: tally.failed,
            skipped: tally.ignored,
            time: tally.duration,
        }
    }

    fn add(&mut self, other: &Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.skipped += other.skipped;
        self.time += other.time;
    }

    fn attributes(&self, name: &str) -> String {
        format!(
            "name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{:.6}\"",
            attribute(name),
            self.tests,
            self.failures,
            self.skipped,
            self.time.as_secs_f64()
        )
    }
}

fn write(path: &Path, document: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    write_file(path, document)
}
