//! The file of `--junit`: a document as Jenkins, GitLab and GitHub's actions read it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::mem;
use std::path::{self, Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::event::{Event, Tally};
use crate::process::binary;

use super::file_error::FileError;
use super::junit_case;
use super::repository::Repository;
use super::unfinished::{self, Unfinished};
use super::xml::attribute;

/// The counts and suites that runs of this process have written to each file: a later run adds its own.
static WRITTEN: Mutex<Written> = Mutex::new(Written::new());

type Written = BTreeMap<PathBuf, (Counts, String)>;

/// Collects the trials and writes the file when the run is over.
pub(super) struct JunitFile {
    path: PathBuf,
    suite: String,
    repository: Repository,
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
            repository: Repository::find(),
            cases: String::new(),
        })
    }

    pub(super) fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        match event {
            Event::Finished(finished) => {
                junit_case::write(&self.suite, &mut self.repository, finished, &mut self.cases);
                Ok(())
            }
            Event::RunStarted { .. } => {
                self.remove_old();
                Ok(())
            }
            Event::RunFinished(tally) => self.write(tally),
            _ => Ok(()),
        }
    }

    /// Removes the file of another process, which nobody is to take for the report of this one if it ends without a
    /// report.
    pub(super) fn remove_old(&self) {
        if !written().contains_key(&self.path) {
            let _ = fs::remove_file(&self.path);
        }
    }

    fn write(&mut self, tally: &Tally) -> io::Result<()> {
        let unfinished = Unfinished::of(tally);
        for test in &unfinished {
            junit_case::write_unfinished(&self.suite, &mut self.repository, test, &mut self.cases);
        }
        let counts = Counts::of(tally, &unfinished);
        let suite = format!(
            "  <testsuite {}>\n{}  </testsuite>\n",
            counts.attributes(&self.suite),
            mem::take(&mut self.cases)
        );
        let mut written = written();
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

fn written() -> MutexGuard<'static, Written> {
    WRITTEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The counts of a suite, or of a file.
#[derive(Default)]
struct Counts {
    tests: u64,
    failures: u64,
    errors: u64,
    skipped: u64,
    time: Duration,
}

impl Counts {
    fn of(tally: &Tally, unfinished: &[Unfinished<'_>]) -> Self {
        let (errors, skipped) = unfinished::count(unfinished);
        let finished = tally.passed + tally.failed + tally.ignored + tally.measured;
        Self {
            tests: finished + errors + skipped,
            failures: tally.failed,
            errors,
            skipped: tally.ignored + skipped,
            time: tally.duration,
        }
    }

    fn add(&mut self, other: &Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
        self.skipped += other.skipped;
        self.time += other.time;
    }

    fn attributes(&self, name: &str) -> String {
        format!(
            "name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.6}\"",
            attribute(name),
            self.tests,
            self.failures,
            self.errors,
            self.skipped,
            self.time.as_secs_f64()
        )
    }
}

fn write(path: &Path, document: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, document)
}
