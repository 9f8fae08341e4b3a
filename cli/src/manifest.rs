//! A user's `Cargo.toml`, which stays theirs: only the lines that must change do.

mod array;
mod declared;
mod edit;
mod lines;
mod migrate;
mod registered;

use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

pub(crate) use declared::{Declared, Section};
pub(crate) use edit::Edit;
pub(crate) use registered::Registered;

const BOM: char = '\u{feff}';

/// A manifest as it was read, and as it is being edited.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    path: PathBuf,
    original: String,
    document: DocumentMut,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// It is not there, or not readable.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not TOML.
    #[error("cannot parse `{}`: correct it and run this again; nothing was written", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where, with line and column.
        source: Box<toml_edit::TomlError>,
    },
}

impl Manifest {
    /// Reads and parses the file.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, text)
    }

    /// Parses the text of the file.
    pub(crate) fn parse(path: &Path, original: String) -> Result<Self, Error> {
        let path = path.to_owned();
        let text = original
            .strip_prefix(BOM)
            .unwrap_or(&original)
            .replace("\r\n", "\n");
        match text.parse() {
            Ok(document) => Ok(Self {
                path,
                original,
                document,
            }),
            Err(source) => Err(Error::Parse {
                path,
                source: Box::new(source),
            }),
        }
    }

    /// The file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of the file.
    pub(crate) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// The text as it was read.
    pub(crate) fn original(&self) -> &str {
        &self.original
    }

    /// The content, to be edited otherwise than by an [`Edit`].
    pub(crate) fn document_mut(&mut self) -> &mut DocumentMut {
        &mut self.document
    }

    /// The text with all edits, with the line endings and the byte order mark that it had.
    pub(crate) fn render(&self) -> String {
        let edited = self.document.to_string();
        match self.original.strip_prefix(BOM) {
            Some(original) => format!("{BOM}{}", lines::restore(original, &edited)),
            None => lines::restore(&self.original, &edited),
        }
    }

    /// The dependencies that the file declares.
    pub(crate) fn declared(&self) -> Vec<Declared> {
        declared::all(&self.document)
    }

    /// The dependencies that the file offers to the members of its workspace.
    pub(crate) fn offered(&self) -> Vec<Declared> {
        declared::offered(&self.document)
    }

    /// Whether the file is that of a workspace.
    pub(crate) fn is_workspace(&self) -> bool {
        self.document.contains_key("workspace")
    }

    /// The version of the resolver that the file asks for.
    pub(crate) fn resolver(&self) -> Option<&str> {
        let resolver = |table| self.document.get(table)?.get("resolver")?.as_str();
        resolver("workspace").or_else(|| resolver("package"))
    }

    /// The test targets that the file names.
    pub(crate) fn tests(&self) -> Vec<Registered> {
        registered::all(&self.document)
    }

    /// Makes a change.
    pub(crate) fn apply(&mut self, edit: &Edit) {
        edit::apply(&mut self.document, edit);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Manifest;

    #[test]
    fn what_is_not_edited_comes_back_byte_for_byte() {
        for text in [
            "",
            "[package]\r\nname = 'a'\r\n# end",
            "\u{feff}[package]\nname = \"a\"\r\n\n\n",
            "a.b = 1\nc = { d = 2 }   # x\n\n[[e]]\n\n[[e]]\n# end\n",
        ] {
            let manifest = Manifest::parse(Path::new("Cargo.toml"), text.to_owned()).unwrap();
            assert_eq!(manifest.render(), text);
        }
    }
}
