//! A `Cargo.toml` or `pyproject.toml` of the user's. Lines that are not edited stay as they are, byte for byte.

mod dependency;
mod library_section;
mod lines;
mod lints;
mod test_entry;

use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

pub(crate) use dependency::{Dependency, DependencyLocation, ORIGIN_KEYS, Section};
pub(crate) use library_section::LibrarySection;
pub(crate) use test_entry::TestEntry;

const BOM: char = '\u{feff}';

/// A manifest as it was read, and as it is being edited.
#[derive(Clone, Debug)]
pub(crate) struct Manifest {
    path: PathBuf,
    original: String,
    document: DocumentMut,
}

/// The reasons for which a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The file cannot be read.
    #[error("cannot read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("cannot parse `{}`: correct it and run this again; nothing was written", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where, with line and column.
        source: Box<toml_edit::TomlError>,
    },
    /// The file is not UTF-8.
    #[error("cannot parse `{}`: correct it and run this again; nothing was written", path.display())]
    Encoding {
        /// The file.
        path: PathBuf,
        /// Where.
        source: NotUtf8,
    },
}

/// The first byte that is not part of a character.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("byte 0x{byte:02x} at line {line}, column {column} is not UTF-8")]
pub(crate) struct NotUtf8 {
    byte: u8,
    line: usize,
    column: usize,
}

impl Manifest {
    /// Reads and parses the file.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let bytes = std::fs::read(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })?;
        let text = decode(bytes).map_err(|source| Error::Encoding {
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

    /// The content, for edits.
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
    pub(crate) fn dependencies(&self) -> Vec<Dependency> {
        dependency::all(&self.document)
    }

    /// The dependencies in `[workspace.dependencies]`.
    pub(crate) fn workspace_dependencies(&self) -> Vec<Dependency> {
        dependency::workspace(&self.document)
    }

    /// Whether the file has a table `[workspace]`.
    pub(crate) fn is_workspace(&self) -> bool {
        self.document.contains_key("workspace")
    }

    /// The version of the resolver that the file names.
    pub(crate) fn resolver(&self) -> Option<&str> {
        let resolver = |table| self.document.get(table)?.get("resolver")?.as_str();
        resolver("workspace").or_else(|| resolver("package"))
    }

    /// The `[[test]]` entries.
    pub(crate) fn tests(&self) -> Vec<TestEntry> {
        test_entry::all(&self.document)
    }

    /// The lints that `[lints]` turns on; `None` if it is taken from the workspace.
    pub(crate) fn lints(&self) -> Option<Vec<String>> {
        lints::read(self.document.get("lints"))
    }

    /// The lints that `[workspace.lints]` turns on.
    pub(crate) fn workspace_lints(&self) -> Vec<String> {
        let workspace = self.document.get("workspace");
        lints::read(workspace.and_then(|workspace| workspace.get("lints"))).unwrap_or_default()
    }

    /// The keys of `[lib]` that concern the library's own tests.
    pub(crate) fn library(&self) -> LibrarySection {
        LibrarySection::read(&self.document)
    }
}

fn decode(bytes: Vec<u8>) -> Result<String, NotUtf8> {
    String::from_utf8(bytes).map_err(|error| {
        let bytes = error.as_bytes();
        let offset = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&bytes[..offset]);
        let line = before.rsplit('\n').next().unwrap_or_default();
        NotUtf8 {
            byte: bytes[offset],
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
        }
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Manifest, decode};

    #[test]
    fn the_first_byte_that_is_not_utf_8_is_reported() {
        let found = |bytes: &[u8]| decode(bytes.to_owned()).unwrap_err().to_string();
        assert_eq!(
            found(b"a = 1\n\xc3\xa9 = '\xff'"),
            "byte 0xff at line 2, column 6 is not UTF-8"
        );
        assert_eq!(found(b"\xe9"), "byte 0xe9 at line 1, column 1 is not UTF-8");
        assert_eq!(decode(b"\xc3\xa9".to_vec()).unwrap(), "\u{e9}");
    }

    #[test]
    fn an_unedited_file_comes_back_byte_for_byte() {
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
