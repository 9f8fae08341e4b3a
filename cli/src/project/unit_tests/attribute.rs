//! Attributes of functions, as far as they make tests.

use proc_macro2::{Delimiter, Group, Literal, TokenStream, TokenTree};

use super::imports::Imports;

/// Attributes that add `#[test]` to what they stand on, unless another test attribute is there.
const ADDING: &[&str] = &[
    "gtest",
    "parameterized",
    "property_test",
    "proptest",
    "quickcheck",
    "rstest",
    "test_case",
    "test_matrix",
];

/// Attributes of test-case, which puts `#[test]` before all that stand below it on a function that
/// is not async; the compiler then drops the function.
const CASES: &[&str] = &["test_case", "test_matrix"];

/// An attribute with its path and what comes after.
#[derive(Debug)]
pub(super) struct Attribute {
    path: Vec<String>,
    /// Whether the path begins with `::`, so that no import stands for its first name.
    is_absolute: bool,
    rest: Vec<TokenTree>,
}

/// What a function is to the harnesses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// No test.
    Function,
    /// A test of pyo3-aio.
    Own {
        /// Whether it has the argument `serial`.
        is_serial: bool,
    },
    /// A test that only libtest runs.
    Plain,
    /// A test of pyo3-aio that test-case makes one of libtest's.
    BelowCases,
}

/// The names that decide what an attribute is.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) imports: &'a Imports,
    /// What pyo3-aio is called.
    pub(super) crates: &'a [String],
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
            is_absolute: matches!(tokens.first(), Some(TokenTree::Punct(_))),
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

    fn kind(&self, names: Names<'_>) -> Kind {
        let path = match self.is_absolute {
            true => self.path.clone(),
            false => names.imports.resolve(&self.path),
        };
        let wrapped = self.wrapped(&path).into_iter();
        let mut wrapped = wrapped.map(|attribute| attribute.kind(names));
        match path.as_slice() {
            [first, .., last] if last == "test" && names.crates.contains(first) => Kind::Own {
                is_serial: self.has_flag("serial"),
            },
            [.., last] if last == "test" || last == "test_attr" => {
                let own = wrapped.find(|kind| matches!(kind, Kind::Own { .. }));
                own.unwrap_or(Kind::Plain)
            }
            // Those of other crates have harnesses of their own.
            [name] if name == "bench" => Kind::Plain,
            [.., last] if ADDING.contains(&last.as_str()) => Kind::Plain,
            _ => Kind::Function,
        }
    }

    /// The attribute that another one is given, as in `#[test_log::test(pyo3_aio::tokio::test)]`.
    fn wrapped(&self, path: &[String]) -> Vec<Self> {
        match (path.last().map(String::as_str), self.rest.as_slice()) {
            (Some("test" | "test_attr"), [TokenTree::Group(group)]) => Self::read(group.stream()),
            _ => Vec::new(),
        }
    }

    /// Whether a bare name is among the arguments.
    fn has_flag(&self, name: &str) -> bool {
        let [TokenTree::Group(group)] = self.rest.as_slice() else {
            return false;
        };
        let is_it = |tokens: &Vec<TokenTree>| matches!(tokens.as_slice(), [TokenTree::Ident(word)] if word == name);
        arguments(group).iter().any(is_it)
    }

    fn makes_cases(&self, names: Names<'_>) -> bool {
        let path = names.imports.resolve(&self.path);
        path.last()
            .is_some_and(|last| CASES.contains(&last.as_str()))
    }
}

/// Decides from all attributes of a function, in their order. Those that add a test of libtest's do
/// not where there is one already, but for test-case's.
pub(super) fn kind(attributes: &[Attribute], is_async: bool, names: Names<'_>) -> Kind {
    let kinds = attributes.iter().map(|attribute| attribute.kind(names));
    let kinds: Vec<Kind> = kinds.collect();
    let Some(own) = kinds
        .iter()
        .position(|kind| matches!(kind, Kind::Own { .. }))
    else {
        let is_plain = kinds.contains(&Kind::Plain);
        return if is_plain {
            Kind::Plain
        } else {
            Kind::Function
        };
    };
    let mut above = attributes[..own].iter();
    match !is_async && above.any(|attribute| attribute.makes_cases(names)) {
        true => Kind::BelowCases,
        false => kinds[own],
    }
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
    use super::{Attribute, Imports, Kind, Names};

    const OWN: Kind = Kind::Own { is_serial: false };

    fn kind_of(attributes: &[&str], uses: &str, is_async: bool) -> Kind {
        let read = |text: &&str| Attribute::read(text.parse().unwrap());
        let attributes: Vec<Attribute> = attributes.iter().flat_map(read).collect();
        let names = Names {
            imports: &Imports::collect(uses.parse().unwrap(), &Imports::default()),
            crates: &["pyo3_aio".to_owned()],
        };
        super::kind(&attributes, is_async, names)
    }

    fn kind(attributes: &[&str], uses: &str) -> Kind {
        kind_of(attributes, uses, true)
    }

    #[test]
    fn libtest_s_own_attribute_and_those_that_expand_to_it_are_plain() {
        for plain in [
            "test",
            "tokio::test",
            "tokio::test(flavor = \"multi_thread\")",
            "::core::prelude::v1::test",
            "test_log::test",
            "test_log::test(tokio::test)",
            "rstest",
            "rstest::rstest",
            "gtest",
            "googletest::test",
            "test_attr(tokio::test)",
            "test_case(1; \"one\")",
            "cfg_attr(unix, inline, test)",
            "bench",
        ] {
            assert_eq!(kind(&[plain], ""), Kind::Plain, "{plain}");
        }
    }

    #[test]
    fn those_of_this_library_are_its_own_under_every_name() {
        for (own, uses) in [
            ("pyo3_aio::tokio::test", ""),
            ("::pyo3_aio::smol::test(timeout = \"5s\")", ""),
            ("test", "use pyo3_aio::tokio::test;"),
            ("ptest", "use pyo3_aio::tokio::test as ptest;"),
            ("py::test", "use pyo3_aio::smol as py;"),
            ("test", "use pyo3_aio::smol as py; use py::test;"),
            ("cfg_attr(unix, pyo3_aio::tokio::test)", ""),
            ("test_log::test(pyo3_aio::tokio::test)", ""),
            (
                "logged(py::test(timeout = \"5s\"))",
                "use test_log::test as logged; use pyo3_aio::tokio as py;",
            ),
            ("cfg_attr(unix, test_log::test(pyo3_aio::tokio::test))", ""),
            ("test_attr(pyo3_aio::tokio::test)", ""),
            ("test_attr(ptest)", "use pyo3_aio::tokio::test as ptest;"),
        ] {
            assert_eq!(kind(&[own], uses), OWN, "{own}");
            assert_eq!(kind_of(&[own], uses, false), OWN, "{own}");
        }
        let uses = "use pyo3_aio::tokio;";
        assert_eq!(kind(&["tokio::test"], uses), OWN);
        assert_eq!(kind(&["::tokio::test"], uses), Kind::Plain);
    }

    #[test]
    fn attributes_that_make_tests_leave_that_to_those_of_this_library() {
        let own = "pyo3_aio::tokio::test";
        for other in [
            "rstest",
            "gtest",
            "test_log::test",
            "googletest::test",
            "serial",
        ] {
            for is_async in [true, false] {
                assert_eq!(
                    kind_of(&[other, "case(1)", own], "", is_async),
                    OWN,
                    "{other}"
                );
                assert_eq!(
                    kind_of(&[own, other, "case(1)"], "", is_async),
                    OWN,
                    "{other}"
                );
            }
        }
    }

    /// test-case puts `#[test]` before all that stand below it.
    #[test]
    fn sync_functions_below_test_case_are_lost() {
        let own = "pyo3_aio::tokio::test";
        for cases in [
            "test_case(1)",
            "test_case::test_case(1)",
            "test_matrix([1])",
        ] {
            assert_eq!(kind_of(&[cases, own], "", true), OWN);
            assert_eq!(kind_of(&[cases, own], "", false), Kind::BelowCases);
            assert_eq!(kind_of(&[own, cases], "", false), OWN);
        }
    }

    #[test]
    fn serial_tests_are_known() {
        let serial = Kind::Own { is_serial: true };
        for attribute in [
            "pyo3_aio::tokio::test(serial)",
            "pyo3_aio::tokio::test(timeout = \"5s\", serial)",
            "test_log::test(pyo3_aio::smol::test(serial, timeout = \"5s\"))",
        ] {
            assert_eq!(kind(&[attribute], ""), serial, "{attribute}");
        }
        assert_eq!(
            kind(&["pyo3_aio::tokio::test(raises = \"serial\")"], ""),
            OWN
        );
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
