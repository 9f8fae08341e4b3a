//! Makes the changes that are planned: the files first, the manifest last.
//!
//! Each file is written beside its place and then moved there, so that it is never half
//! written. When a step fails, those before it are undone. What cannot be undone (the process
//! is killed) leaves a manifest that is as it was, or complete.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::plan::Plan;

/// Why the changes were not made.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`; everything is as it was", path.display())]
pub(crate) struct Error {
    path: PathBuf,
    source: io::Error,
}

/// What has been done so far; undone when it is dropped without [`Transaction::commit`].
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    undo: Vec<Undo>,
}

#[derive(Debug)]
enum Undo {
    RemoveFile(PathBuf),
    RemoveFolder(PathBuf),
    Restore(PathBuf, Vec<u8>),
}

/// Writes all files of the plan. The caller commits when it is content.
pub(crate) fn apply(plan: &Plan) -> Result<Transaction, Error> {
    let mut transaction = Transaction::default();
    for file in &plan.files {
        transaction.write(&file.path, file.before.as_deref(), &file.after)?;
    }
    let manifest = &plan.manifest;
    let after = manifest.render();
    if after != manifest.original() {
        // A manifest that is a link stays one.
        let path = manifest.path().canonicalize();
        let path = path.unwrap_or_else(|_| manifest.path().to_owned());
        transaction.write(&path, Some(manifest.original()), &after)?;
    }
    Ok(transaction)
}

impl Transaction {
    /// Keeps what has been done.
    pub(crate) fn commit(mut self) {
        self.undo.clear();
    }

    fn write(&mut self, path: &Path, before: Option<&str>, after: &str) -> Result<(), Error> {
        let written = match before {
            Some(before) => self.replace(path, before, after),
            None => self.create(path, after),
        };
        written.map_err(|source| Error {
            path: path.to_owned(),
            source,
        })
    }

    fn create(&mut self, path: &Path, text: &str) -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        self.create_folder(folder)?;
        let file = temporary_file_for(path, text)?;
        set_new_file_mode(&file)?;
        file.persist_noclobber(path)?;
        self.undo.push(Undo::RemoveFile(path.to_owned()));
        Ok(())
    }

    fn create_folder(&mut self, folder: &Path) -> io::Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        if let Some(parent) = folder.parent() {
            self.create_folder(parent)?;
        }
        fs::create_dir(folder)?;
        self.undo.push(Undo::RemoveFolder(folder.to_owned()));
        Ok(())
    }

    fn replace(&mut self, path: &Path, before: &str, after: &str) -> io::Result<()> {
        let permissions = fs::metadata(path)?.permissions();
        if permissions.readonly() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "the file is read-only",
            ));
        }
        let file = temporary_file_for(path, after)?;
        file.as_file().set_permissions(permissions)?;
        if fs::read(path)? != before.as_bytes() {
            return Err(io::Error::other("the file has changed meanwhile"));
        }
        file.persist(path)?;
        self.undo
            .push(Undo::Restore(path.to_owned(), before.into()));
        Ok(())
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        while let Some(undo) = self.undo.pop() {
            // There is nobody to tell and nothing else to try.
            let _ = undo.run();
        }
    }
}

impl Undo {
    fn run(self) -> io::Result<()> {
        match self {
            Self::RemoveFile(path) => fs::remove_file(path),
            Self::RemoveFolder(path) => fs::remove_dir(path),
            Self::Restore(path, text) => {
                let permissions = fs::metadata(&path)?.permissions();
                let file = temporary_file_for(&path, &text)?;
                file.as_file().set_permissions(permissions)?;
                file.persist(path)?;
                Ok(())
            }
        }
    }
}

/// A complete temporary file in the folder of the file that it will become.
fn temporary_file_for(path: &Path, text: impl AsRef<[u8]>) -> io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".pyo3-async-test-")
        .tempfile_in(folder)?;
    file.write_all(text.as_ref())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Temporary files are for their owner only, new source files are for those whom the folder
/// is for.
#[cfg(unix)]
fn set_new_file_mode(file: &NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let folder = file.path().parent().map(fs::metadata).transpose()?;
    let mode = folder.map_or(0o644, |folder| folder.permissions().mode() & 0o666);
    file.as_file()
        .set_permissions(fs::Permissions::from_mode(mode | 0o600))
}

#[cfg(not(unix))]
fn set_new_file_mode(_file: &NamedTempFile) -> io::Result<()> {
    Ok(())
}
