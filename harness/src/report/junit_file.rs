//! The file of `--junit`: a document as Jenkins, GitLab and GitHub's actions read it.

use std::fs;
use std::io;
use std::path::{self, Path, PathBuf};

use crate::binary;
use crate::event::{Event, Tally};

use super::file_error::FileError;
use super::junit_case;
use super::xml::attribute;

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

    fn write(&self, tally: &Tally) -> io::Result<()> {
        let counts = format!(
            "name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{:.6}\"",
            attribute(&self.suite),
            tally.passed + tally.failed + tally.ignored + tally.measured,
            tally.failed,
            tally.ignored,
            tally.duration.as_secs_f64()
        );
        let document = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n  <testsuite {counts}>\n{}  </testsuite>\n</testsuites>\n",
            self.cases
        );
        write(&self.path, &document).map_err(|error| FileError::wrap("--junit", &self.path, error))
    }
}

fn write(path: &Path, document: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, document)
}
