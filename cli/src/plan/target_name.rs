//! The check of a test target's name.

/// The reasons for which a name is refused.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The name is empty.
    #[error("a test target needs a name")]
    Empty,
    /// The name has a character that no crate name has, such as `/`.
    #[error("the name `{name}` has a `{character}`: use letters, digits, `_` and `-` only")]
    Character {
        /// The name.
        name: String,
        /// The first such character.
        character: char,
    },
    /// The name does not begin as an identifier does.
    #[error(
        "the name `{0}` begins with a digit or a dash: begin it with a letter, such as `test_{0}`"
    )]
    Start(String),
    /// The name is a keyword, or cargo reserves it.
    #[error(
        "the name `{0}` is a keyword of Rust, or reserved by cargo: choose another, such as `test_{0}`"
    )]
    Reserved(String),
}

/// Names that no test target can have: Rust's keywords, and names that cargo reserves.
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

/// Returns the name of the crate, which is also that of the file.
pub(crate) fn identifier(name: &str) -> String {
    name.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::{Error, check};

    #[test]
    fn ordinary_names_are_accepted() {
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
