//! CodeNames that a test target may have.

/// Why a name will not do.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// Nothing.
    #[error("a test target needs a name")]
    Empty,
    /// A path, or worse.
    #[error("the name `{name}` holds `{character}`: use letters, digits, `_` and `-` only")]
    Character {
        /// The name.
        name: String,
        /// What is wrong in it.
        character: char,
    },
    /// Not an identifier.
    #[error(
        "the name `{0}` begins with a digit or a dash: begin it with a letter, such as `test_{0}`"
    )]
    Start(String),
    /// A word of Rust's, or of cargo's.
    #[error("the name `{0}` is a word of Rust's or of cargo's: choose another, such as `test_{0}`")]
    Reserved(String),
}

/// What cannot be the name of a crate: Rust's keywords, and what cargo keeps for itself.
const RESERVED: &[&str] = &[
    "Self",
    "abstract",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "build",
    "const",
    "continue",
    "crate",
    "deps",
    "do",
    "dyn",
    "else",
    "enum",
    "examples",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "incremental",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// Checks the name of a target.
pub(crate) fn check(name: &str) -> Result<(), Error> {
    let first = name.chars().next().ok_or(Error::Empty)?;
    let is_bad =
        |character: &char| !(character.is_ascii_alphanumeric() || "_-".contains(*character));
    if let Some(character) = name.chars().find(is_bad) {
        return Err(Error::Character {
            name: name.to_owned(),
            character,
        });
    }
    if !(first.is_ascii_alphabetic() || first == '_') {
        return Err(Error::Start(name.to_owned()));
    }
    let identifier = identifier(name);
    if RESERVED.contains(&identifier.as_str()) || identifier.chars().all(|c| c == '_') {
        return Err(Error::Reserved(name.to_owned()));
    }
    Ok(())
}

/// The name as rustc knows it; it is also the name of the file.
pub(crate) fn identifier(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::{Error, check};

    #[test]
    fn ordinary_names_will_do() {
        assert_eq!(check("test_example"), Ok(()));
        assert_eq!(check("with-dashes2"), Ok(()));
    }

    #[test]
    fn others_are_refused_with_the_reason() {
        let owned = str::to_owned;
        assert_eq!(check(""), Err(Error::Empty));
        assert_eq!(check("loop"), Err(Error::Reserved(owned("loop"))));
        assert_eq!(
            check("proc-macro"),
            Err(Error::Reserved(owned("proc-macro")))
        );
        assert_eq!(check("test"), Err(Error::Reserved(owned("test"))));
        assert_eq!(check("1st"), Err(Error::Start(owned("1st"))));
        assert_eq!(check("-x"), Err(Error::Start(owned("-x"))));
        for (name, character) in [("a/b", '/'), ("..", '.'), ("a b", ' '), ("é", 'é')] {
            assert_eq!(
                check(name),
                Err(Error::Character {
                    name: owned(name),
                    character
                })
            );
        }
    }

    #[test]
    fn reserved_names_are_listed_once() {
        let mut sorted = super::RESERVED.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted, super::RESERVED);
    }
}
