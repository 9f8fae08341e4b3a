//! Attributes of functions, as far as they make tests.

use proc_macro2::{Delimiter, Group, Literal, TokenStream, TokenTree};

use super::imports::Imports;

/// Attributes that add `#[test]` to what they stand on, unless another test attribute is there.
const ADDING: &[&str] = &[
    "parameterized",
    "proptest",
    "quickcheck",
    "rstest",
    "test_case",
    "test_matrix",
];

/// An attribute with its path and what comes after.
#[derive(Debug)]
pub(super) struct Attribute {
    path: Vec<String>,
    rest: Vec<TokenTree>,
}

/// What a function is to the harnesses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// No test.
    Function,
    /// A test of pyo3-aio.
    Own,
    /// A test that only libtest runs.
    Plain,
}

impl Attribute {
    /// Reads the inside of `#[..]`; a `cfg_attr` holds others, whatever its condition is.
    pub(super) fn read(tokens: TokenStream) -> Vec<Self> {
        let attribute = Self::parse(tokens.into_iter().collect());
        match (attribute.path.as_slice(), attribute.rest.as_slice()) {
            ([name], [TokenTree::Group(group)]) if name == "cfg_attr" => arguments(group)
                .into_iter()
                .skip(1)
                .flat_map(|tokens| Self::read(tokens.into_iter().collect()))
                .collect(),
            _ => vec![attribute],
        }
    }

    fn parse(tokens: Vec<TokenTree>) -> Self {
        let is_path = |token: &TokenTree| match token {
            TokenTree::Ident(_) => true,
            TokenTree::Punct(mark) => mark.as_char() == ':',
            _ => false,
        };
        let length = tokens.iter().take_while(|token| is_path(token)).count();
        let path = tokens[..length].iter().filter_map(|token| match token {
            TokenTree::Ident(word) => Some(word.to_string()),
            _ => None,
        });
        Self {
            path: path.collect(),
            rest: tokens[length..].to_vec(),
        }
    }

    /// The file in `#[path = "file"]`.
    pub(super) fn file(&self) -> Option<String> {
        match (self.path.as_slice(), self.rest.as_slice()) {
            ([name], [_, TokenTree::Literal(file)]) if name == "path" => Some(unquote(file)),
            _ => None,
        }
    }

    fn kind(&self, imports: &Imports, crates: &[String]) -> Kind {
        let path = imports.resolve(&self.path);
        match path.as_slice() {
            [first, .., last] if last == "test" && crates.contains(first) => Kind::Own,
            [.., last] if last == "test" => Kind::Plain,
            // Those of other crates have harnesses of their own.
            [name] if name == "bench" => Kind::Plain,
            [.., last] if ADDING.contains(&last.as_str()) => Kind::Plain,
            _ => Kind::Function,
        }
    }
}

/// Decides from all attributes of a function. Those that add a test of libtest's do not where
/// there is one already.
pub(super) fn kind(attributes: &[Attribute], imports: &Imports, crates: &[String]) -> Kind {
    let kinds = attributes
        .iter()
        .map(|attribute| attribute.kind(imports, crates));
    let kinds: Vec<Kind> = kinds.collect();
    let decide = [Kind::Own, Kind::Plain];
    let decided = decide.into_iter().find(|kind| kinds.contains(kind));
    decided.unwrap_or(Kind::Function)
}

fn arguments(group: &Group) -> Vec<Vec<TokenTree>> {
    if group.delimiter() != Delimiter::Parenthesis {
        return Vec::new();
    }
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
    tokens.split(is_comma).map(<[_]>::to_vec).collect()
}

fn unquote(literal: &Literal) -> String {
    let text = literal.to_string();
    let text = text.trim_start_matches(['r', '#']).trim_end_matches('#');
    text.trim_matches('"').replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::{Attribute, Imports, Kind};

    fn kind(attributes: &[&str], uses: &str) -> Kind {
        let read = |text: &&str| Attribute::read(text.parse().unwrap());
        let attributes: Vec<Attribute> = attributes.iter().flat_map(read).collect();
        let imports = Imports::collect(uses.parse().unwrap());
        super::kind(&attributes, &imports, &["pyo3_aio".to_owned()])
    }

    #[test]
    fn libtest_s_own_attribute_and_those_that_expand_to_it_are_plain() {
        for plain in [
            "test",
            "tokio::test",
            "tokio::test(flavor = \"multi_thread\")",
            "::core::prelude::v1::test",
            "test_log::test(tokio::test)",
            "rstest",
            "rstest::rstest",
            "test_case(1; \"one\")",
            "cfg_attr(unix, inline, test)",
            "bench",
        ] {
            assert_eq!(kind(&[plain], ""), Kind::Plain, "{plain}");
        }
    }

    #[test]
    fn those_of_this_library_are_its_own_under_every_name() {
        assert_eq!(kind(&["pyo3_aio::tokio::test"], ""), Kind::Own);
        assert_eq!(kind(&["::pyo3_aio::smol::test(serial)"], ""), Kind::Own);
        assert_eq!(kind(&["test"], "use pyo3_aio::tokio::test;"), Kind::Own);
        assert_eq!(kind(&["py::test"], "use pyo3_aio::smol as py;"), Kind::Own);
        assert_eq!(
            kind(&["cfg_attr(unix, pyo3_aio::tokio::test)"], ""),
            Kind::Own
        );
    }

    #[test]
    fn cases_of_a_test_of_this_library_are_its_own() {
        let attributes = ["rstest", "case(1)", "pyo3_aio::tokio::test"];
        assert_eq!(kind(&attributes, ""), Kind::Own);
    }

    #[test]
    fn other_attributes_make_no_test() {
        for other in [
            "cfg(test)",
            "allow(dead_code)",
            "doc = \"#[test]\"",
            "divan::bench",
            "pytest",
        ] {
            assert_eq!(kind(&[other], ""), Kind::Function, "{other}");
        }
    }

    #[test]
    fn the_file_of_a_module_is_read() {
        let file = |text: &str| Attribute::read(text.parse().unwrap())[0].file();
        assert_eq!(file("path = \"a/b.rs\"").as_deref(), Some("a/b.rs"));
        assert_eq!(file("path = r\"a.rs\"").as_deref(), Some("a.rs"));
        assert_eq!(file("doc = \"a.rs\""), None);
    }
}
