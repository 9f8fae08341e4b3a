//! One file, parsed, with the positions of its tokens in the file's text.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use proc_macro2::Span;

const BOM: &str = "\u{feff}";

/// A syntax error in a Rust file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ParseError {
    /// The file.
    pub(crate) path: PathBuf,
    /// The line, from 1.
    pub(crate) line: usize,
    /// The column, from 1.
    pub(crate) column: usize,
    /// The parser's message.
    pub(crate) message: String,
}

impl ParseError {
    /// The error of a file that is not UTF-8, at the first byte that is not part of a character.
    pub(super) fn not_utf8(path: &Path, error: &FromUtf8Error) -> Self {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let before = String::from_utf8_lossy(before);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: line.chars().count() + 1,
            message: "this is not UTF-8".to_owned(),
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column, message) = (self.line, self.column, &self.message);
        write!(f, "line {line}, column {column}: {message}")
    }
}

/// Returns the syntax error in a file's text, if there is one.
pub(crate) fn parse_error(path: &Path, text: &str) -> Option<ParseError> {
    ParsedFile::parse(path, text).err()
}

/// Returns the parser's message, or a plainer one for an error that comes before parsing.
fn message(error: &syn::Error) -> String {
    match error.to_string().as_str() {
        "cannot parse string into token stream" => {
            "a bracket without its counterpart, or a token that is not Rust's".to_owned()
        }
        message => message.to_owned(),
    }
}

/// A file that has been parsed.
pub(super) struct ParsedFile {
    pub(super) syntax: syn::File,
    /// The length of the text that the parser skips: a byte order mark and a `#!` line.
    skipped: usize,
}

impl ParsedFile {
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, ParseError> {
        let syntax = syn::parse_file(text).map_err(|error| {
            let start = error.span().start();
            ParseError {
                path: path.to_owned(),
                line: start.line,
                column: start.column + 1,
                message: message(&error),
            }
        })?;
        let shebang = syntax.shebang.as_ref().map_or(0, String::len);
        let mark = if text.starts_with(BOM) { BOM.len() } else { 0 };
        let skipped = mark + shebang;
        Ok(Self { syntax, skipped })
    }

    /// The byte range of a token in the file's text.
    pub(super) fn range(&self, span: Span) -> Range<usize> {
        let range = span.byte_range();
        range.start + self.skipped..range.end + self.skipped
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use syn::spanned::Spanned;

    use super::{ParseError, ParsedFile};

    #[test]
    fn positions_are_those_of_the_text() {
        for before in [
            "",
            "\u{feff}",
            "#!/usr/bin/env run\n",
            "\u{feff}#!/run\r\n// é\r\n",
        ] {
            let text = format!("{before}fn it() {{}}\r\n");
            let file = ParsedFile::parse(Path::new("a.rs"), &text).unwrap();
            let range = file.range(file.syntax.items[0].span());
            assert!(text[range.start..].starts_with("fn it"), "{text:?}");
        }
    }

    #[test]
    fn the_first_byte_that_is_not_utf_8_is_named() {
        let error = String::from_utf8(b"// \xc3\xa9\n//\xff".to_vec()).unwrap_err();
        let error = ParseError::not_utf8(Path::new("a.rs"), &error);
        assert_eq!(error.to_string(), "line 2, column 3: this is not UTF-8");
    }

    #[test]
    fn an_error_names_its_position() {
        let error = ParsedFile::parse(Path::new("a.rs"), "fn a() {}\nfn no( {}\n");
        let error = error.err().unwrap();
        assert_eq!(error.line, 2);
        assert!(error.to_string().starts_with("line 2, column "), "{error}");
    }
}
