//! Applies a plan: writes the files first, and then the manifest; files are removed after that.
//!
//! Each file is written under a temporary name in its folder and then renamed, so that it is never half written. When a
//! step fails, the steps before it are undone. If the process is killed, the manifest is either the old one or complete.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::plan::{FileChange, Plan};

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{}`; all changes have been undone", path.display())]
pub(crate) struct Error {
    path: PathBuf,
    source: io::Error,
}

/// The steps that have been done. Dropping it without [`Transaction::commit`] undoes them.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    undo: Vec<Undo>,
}

#[derive(Debug)]
enum Undo {
    RemoveFile(PathBuf),
    RemoveFolder(PathBuf),
    Restore(PathBuf, Vec<u8>),
    CreateFile(PathBuf, Vec<u8>),
    CreateFolder(PathBuf),
}

/// Writes all files of the plan. The caller commits when cargo accepts the result.
pub(crate) fn apply(plan: &Plan) -> Result<Transaction, Error> {
    let mut transaction = apply_files(&plan.files)?;
    let manifest = &plan.manifest;
    let after = manifest.render();
    if after != manifest.original() {
        // The file behind a symbolic link is replaced, not the link.
        let path = manifest.path().canonicalize();
        let path = path.unwrap_or_else(|_| manifest.path().to_owned());
        transaction.write(&path, Some(manifest.original()), &after)?;
    }
    for removal in &plan.removals {
        let path = &removal.path;
        let removed = transaction.remove(path, &removal.text);
        removed.map_err(|source| Error {
            path: path.clone(),
            source,
        })?;
    }
    Ok(transaction)
}

/// Writes files. The caller commits.
pub(crate) fn apply_files(files: &[FileChange]) -> Result<Transaction, Error> {
    let mut transaction = Transaction::default();
    for file in files {
        transaction.write(&file.path, file.before.as_deref(), &file.after)?;
    }
    Ok(transaction)
}

impl Transaction {
    /// Makes the changes final.
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

    /// Removes a file, and its folder if that is empty then.
    fn remove(&mut self, path: &Path, text: &str) -> io::Result<()> {
        if fs::read(path)? != text.as_bytes() {
            return Err(io::Error::other("the file has changed meanwhile"));
        }
        fs::remove_file(path)?;
        self.undo
            .push(Undo::CreateFile(path.to_owned(), text.into()));
        let folder = path.parent().unwrap_or(Path::new("."));
        if fs::read_dir(folder)?.next().is_none() && fs::remove_dir(folder).is_ok() {
            self.undo.push(Undo::CreateFolder(folder.to_owned()));
        }
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
            // The error that led here is reported; a second one would hide it.
            let _ = undo.run();
        }
    }
}

impl Undo {
    fn run(self) -> io::Result<()> {
        match self {
            Self::RemoveFile(path) => fs::remove_file(path),
            Self::RemoveFolder(path) => fs::remove_dir(path),
            Self::CreateFolder(path) => fs::create_dir(path),
            Self::CreateFile(path, text) => {
                let file = temporary_file_for(&path, &text)?;
                set_new_file_mode(&file)?;
                file.persist_noclobber(path)?;
                Ok(())
            }
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

/// Writes a temporary file in the folder of the file that it will become: a rename works within one file system.
fn temporary_file_for(path: &Path, text: impl AsRef<[u8]>) -> io::Result<NamedTempFile> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".pyo3-async-test-")
        .tempfile_in(folder)?;
    file.write_all(text.as_ref())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Gives a new file the read and write permissions of its folder: a temporary file has those of its owner only.
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
