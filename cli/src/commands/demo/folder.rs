//! The folder that holds the demo.
//!
//! If the user names none it is `pyo3-aio-demo` in the system's temporary folder. A second demo replaces the first, so
//! that it can reuse the build, but only if the folder belongs to the current user and nothing in it has been changed.
//! Otherwise it takes another name: other users can write to a temporary folder, and their files must not be run.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

use super::DemoError;

const NAME: &str = "pyo3-aio-demo";

/// The file that lists the demo's files, with a digest of each.
const RECORD: &str = ".pyo3-aio-demo";

/// The entries that cargo writes, which may change.
const CARGO_FILES: [&str; 2] = ["Cargo.lock", "target"];

/// A folder that the demo may write to.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes the folder that the user has chosen, or finds one.
    pub(super) fn prepare(chosen: Option<&Path>) -> Result<Self, DemoError> {
        let path = match chosen {
            Some(path) => make(path)?,
            None => find_in(&std::env::temp_dir())?,
        };
        let path = path.canonicalize().map_err(DemoError::write(&path))?;
        Ok(Self { path })
    }

    /// The path of the folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file, and the folders on the way to it.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), DemoError> {
        let path = self.path.join(name);
        let folder = path.parent().unwrap_or(&self.path);
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(&path, text))
            .map_err(DemoError::write(&path))
    }

    /// Records the files of the folder, so that a later demo can see whether they have been changed.
    pub(super) fn record(&self) -> Result<(), DemoError> {
        let files = digests(&self.path).map_err(DemoError::write(&self.path))?;
        let lines = files
            .iter()
            .map(|(name, digest)| format!("{digest:016x} {name}\n"));
        self.write(RECORD, &lines.collect::<String>())
    }
}

fn make(path: &Path) -> Result<PathBuf, DemoError> {
    fs::create_dir_all(path).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => DemoError::NotEmpty(path.to_owned()),
        _ => DemoError::Write {
            path: path.to_owned(),
            source,
        },
    })?;
    let mut entries = fs::read_dir(path).map_err(DemoError::write(path))?;
    match entries.next() {
        None => Ok(path.to_owned()),
        Some(_) => Err(DemoError::NotEmpty(path.to_owned())),
    }
}

fn find_in(temporary: &Path) -> Result<PathBuf, DemoError> {
    let mut number = 1;
    loop {
        let path = match number {
            1 => temporary.join(NAME),
            _ => temporary.join(format!("{NAME}-{number}")),
        };
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(DemoError::Write { path, source }),
        }
        if is_own_folder(&path).unwrap_or(false) && is_unchanged(&path).unwrap_or(false) {
            clear(&path).map_err(DemoError::write(&path))?;
            return Ok(path);
        }
        number += 1;
    }
}

/// Whether the folder is no link, and belongs to the current user.
#[cfg(unix)]
fn is_own_folder(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let folder = fs::symlink_metadata(path)?;
    let mine = tempfile::tempfile()?.metadata()?;
    Ok(folder.is_dir() && folder.uid() == mine.uid())
}

/// Elsewhere the temporary folder is the user's own.
#[cfg(not(unix))]
fn is_own_folder(path: &Path) -> io::Result<bool> {
    Ok(fs::symlink_metadata(path)?.is_dir())
}

/// Whether the folder has the files that the demo wrote, unchanged, and no others.
fn is_unchanged(path: &Path) -> io::Result<bool> {
    let record = fs::read_to_string(path.join(RECORD))?;
    let recorded: BTreeMap<String, u64> = record.lines().filter_map(read_line).collect();
    Ok(!recorded.is_empty() && recorded == digests(path)?)
}

/// Removes the files of an earlier demo, but for the build: another version may write other files.
fn clear(path: &Path) -> io::Result<()> {
    fs::remove_file(path.join(RECORD))?;
    digests(path)?
        .keys()
        .try_for_each(|name| fs::remove_file(path.join(name)))
}

fn read_line(line: &str) -> Option<(String, u64)> {
    let (digest, name) = line.split_once(' ')?;
    Some((name.to_owned(), u64::from_str_radix(digest, 16).ok()?))
}

/// Returns the files that are not cargo's, with a digest of each. The digests detect edits, not forgery, which the check
/// of the folder's owner prevents.
fn digests(folder: &Path) -> io::Result<BTreeMap<String, u64>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            let name = path
                .strip_prefix(folder)
                .unwrap_or(&path)
                .display()
                .to_string();
            if CARGO_FILES.contains(&name.as_str()) || name == RECORD {
                continue;
            }
            if fs::symlink_metadata(&path)?.is_dir() {
                folders.push(path);
            } else {
                found.insert(name, digest(&fs::read(&path)?));
            }
        }
    }
    Ok(found)
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Folder, find_in, make};

    fn filled(path: &Path) {
        let folder = Folder {
            path: path.to_owned(),
        };
        folder.write("src/lib.rs", "// ours").unwrap();
        folder.record().unwrap();
    }

    #[test]
    fn an_unchanged_demo_is_replaced() {
        let temporary = tempfile::tempdir().unwrap();
        let first = find_in(temporary.path()).unwrap();
        filled(&first);
        fs::create_dir(first.join("target")).unwrap();
        fs::write(first.join("Cargo.lock"), "").unwrap();
        assert_eq!(find_in(temporary.path()).unwrap(), first);
        assert!(first.join("target").exists(), "the build stays");
        assert!(
            !first.join("src/lib.rs").exists(),
            "the old files are removed"
        );
    }

    #[test]
    fn a_demo_that_was_changed_is_left_alone() {
        type Touch = fn(&Path);
        let touches: [Touch; 3] = [
            |path| fs::write(path.join("src/lib.rs"), "// mine").unwrap(),
            |path| fs::write(path.join("src/more.rs"), "").unwrap(),
            |path| fs::remove_file(path.join("src/lib.rs")).unwrap(),
        ];
        for touch in touches {
            let temporary = tempfile::tempdir().unwrap();
            let first = find_in(temporary.path()).unwrap();
            filled(&first);
            touch(&first);
            let second = find_in(temporary.path()).unwrap();
            assert_eq!(second, temporary.path().join("pyo3-aio-demo-2"));
        }
    }

    #[test]
    fn a_folder_of_somebody_elses_is_left_alone() {
        let temporary = tempfile::tempdir().unwrap();
        fs::create_dir(temporary.path().join("pyo3-aio-demo")).unwrap();
        assert!(
            find_in(temporary.path())
                .unwrap()
                .ends_with("pyo3-aio-demo-2")
        );
    }

    #[test]
    fn a_chosen_folder_must_be_empty() {
        let temporary = tempfile::tempdir().unwrap();
        let chosen = temporary.path().join("a/b");
        assert_eq!(make(&chosen).unwrap(), chosen);
        assert_eq!(make(&chosen).unwrap(), chosen);
        fs::write(chosen.join("file"), "").unwrap();
        assert!(
            make(&chosen)
                .unwrap_err()
                .to_string()
                .contains("is not an empty folder")
        );
        let file = chosen.join("file");
        assert!(
            make(&file)
                .unwrap_err()
                .to_string()
                .contains("is not an empty folder")
        );
    }
}
