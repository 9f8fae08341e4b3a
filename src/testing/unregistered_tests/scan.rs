//! Scans the items of a source file for functions that rustc drops.

use super::lexer;
use super::lexer::Token;

/// The modules and the unregistered tests of a source file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ScannedFile {
    /// The number of functions with `#[test]`.
    pub(super) plain: usize,
    /// The number of sync functions with `#[test_case]` above all attributes that would register them.
    pub(super) below_cases: usize,
    /// The names of `mod name;` items without a condition.
    pub(super) modules: Vec<String>,
    /// Whether `test` may be an imported name.
    pub(super) imports_test: bool,
}

/// The crates and modules of which `use name::..::*` is known to import no `test`.
const WITHOUT_TEST: &[&str] = &[
    "alloc",
    "core",
    "futures",
    "googletest",
    "proptest",
    "pyo3",
    "rstest",
    "std",
    "super",
];

/// An attribute without its brackets.
type Attribute<'a> = &'a [Token];

/// Scans the items of a file.
pub(super) fn scan(text: &str) -> ScannedFile {
    let tokens = lexer::tokens(text);
    let mut scanned = ScannedFile::default();
    items(&tokens, true, &mut scanned);
    scanned
}

/// Scans items of the file or of a module within it.
///
/// Groups are skipped: libtest runs no function inside functions and `impl`s, and the arguments of a macro need not be
/// items.
fn items(tokens: &[Token], is_top: bool, scanned: &mut ScannedFile) {
    let mut attributes: Vec<Attribute<'_>> = Vec::new();
    let mut is_async = false;
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        match token {
            Token::Punct('#') => {
                let is_inner = after.first() == Some(&Token::Punct('!'));
                let group = &after[usize::from(is_inner)..];
                let attribute = inside(group);
                if is_inner && is_conditional(attribute) {
                    return;
                }
                attributes.extend((!is_inner).then_some(attribute));
                rest = &group[group_length(group)..];
                continue;
            }
            Token::Punct(';') => attributes.clear(),
            Token::Punct('{') => {
                attributes.clear();
                is_async = false;
            }
            Token::Ident(word) => match word.as_str() {
                "use" => scanned.imports_test |= may_import_test(until_semicolon(after)),
                "mod" => module(after, is_top, &attributes, scanned),
                "async" => is_async = true,
                "fn" if matches!(after, [Token::Ident(_), ..]) => {
                    function(&attributes, is_async, scanned);
                }
                _ => {}
            },
            _ => {}
        }
        rest = &rest[group_length(rest).max(1)..];
    }
}

fn module(after: &[Token], is_top: bool, attributes: &[Attribute<'_>], scanned: &mut ScannedFile) {
    let is_known = |attribute: &Attribute<'_>| {
        !is_conditional(attribute) && !matches!(path(attribute).as_slice(), ["path"])
    };
    match after {
        _ if !attributes.iter().all(is_known) => {}
        [Token::Ident(name), Token::Punct(';'), ..] if is_top => scanned.modules.push(name.clone()),
        [Token::Ident(_), body @ ..] => items(inside_braces(body), false, scanned),
        _ => {}
    }
}

fn function(attributes: &[Attribute<'_>], is_async: bool, scanned: &mut ScannedFile) {
    if attributes.iter().any(|attribute| is_conditional(attribute)) {
        return;
    }
    let makes_cases =
        |attribute: &Attribute<'_>| matches!(last_name(attribute), "test_case" | "test_matrix");
    let registers =
        |attribute: &Attribute<'_>| matches!(last_name(attribute), "test" | "test_attr");
    let mut above = attributes
        .iter()
        .take_while(|attribute| !registers(attribute));
    if !is_async && above.any(makes_cases) {
        scanned.below_cases += 1;
    } else if attributes.contains(&[Token::Ident("test".to_owned())].as_slice()) {
        scanned.plain += 1;
    }
}

fn last_name<'a>(attribute: Attribute<'a>) -> &'a str {
    path(attribute).last().copied().unwrap_or_default()
}

/// Says whether the attribute has a condition that may be false. `cfg(test)` holds in test targets.
fn is_conditional(attribute: &[Token]) -> bool {
    match path(attribute).as_slice() {
        ["cfg_attr"] => true,
        ["cfg"] => inside(&attribute[1..]) != [Token::Ident("test".to_owned())],
        _ => false,
    }
}

fn may_import_test(tree: &[Token]) -> bool {
    let is_glob = tree.contains(&Token::Punct('*'));
    let is_safe_glob = path(tree)
        .first()
        .is_some_and(|first| WITHOUT_TEST.contains(first));
    let is_end = |next: Option<&Token>| matches!(next, None | Some(Token::Punct(',' | '}')));
    let is_test = |at: usize| {
        let is_word = matches!(&tree[at], Token::Ident(word) if word == "test");
        // `use a::test::{self}` imports it too.
        is_word && (is_end(tree.get(at + 1)) || tree.contains(&Token::Ident("self".to_owned())))
    };
    (0..tree.len()).any(is_test) || (is_glob && !is_safe_glob)
}

/// Returns the names of the path that the tokens begin with.
fn path(tokens: &[Token]) -> Vec<&str> {
    let mut names = Vec::new();
    for token in tokens {
        match token {
            Token::Ident(name) => names.push(name.as_str()),
            Token::Punct(':') => {}
            _ => break,
        }
    }
    names
}

fn until_semicolon(tokens: &[Token]) -> &[Token] {
    let end = tokens.iter().position(|token| *token == Token::Punct(';'));
    &tokens[..end.unwrap_or(tokens.len())]
}

/// Returns the tokens inside the group that these begin with; none if they begin with no group.
fn inside(tokens: &[Token]) -> &[Token] {
    let length = group_length(tokens);
    tokens.get(1..length.saturating_sub(1)).unwrap_or_default()
}

fn inside_braces(tokens: &[Token]) -> &[Token] {
    match tokens.first() {
        Some(Token::Punct('{')) => inside(tokens),
        _ => &[],
    }
}

/// Returns the number of tokens of the group that these begin with, brackets included; 0 if they begin with no group.
fn group_length(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Punct('(' | '[' | '{') => depth += 1,
            Token::Punct(')' | ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return if at == 0 { 0 } else { at + 1 };
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::{ScannedFile, scan};

    #[test]
    fn functions_with_test_are_counted() {
        let text = "\
//! Tests.
#[test]
fn one() { let x = || { fn no() {} }; }
#[cfg(test)]
mod tests {
    use super::*;
    /// Documented.
    #[test]
    #[should_panic(expected = \"#[test]\")]
    pub(crate) fn two() -> Result<(), [u8; 2]> {}
    mod deep { #[ignore = \"why\"] #[test] fn three() {} }
}
const F: fn() = one;
#[test] #[serial] async fn four() {}
";
        let expected = ScannedFile {
            plain: 4,
            ..ScannedFile::default()
        };
        assert_eq!(scan(text), expected);
    }

    #[test]
    fn what_only_looks_like_a_test_is_none() {
        for text in [
            "// #[test]\nfn a() {}",
            "/// ```\n/// #[test]\n/// fn a() {}\n/// ```\nfn b() {}",
            "/* #[test] fn a() {} */",
            "const A: &str = \"#[test] fn a() {}\";",
            "const A: &str = r#\"\n#[test]\nfn a() {}\n\"#;",
            "proptest! { #[test] fn a(x in 0..3) {} }",
            "macro_rules! make { ($name:ident) => { #[test] fn $name() {} } }",
            "fn a() { #[test] fn b() {} }",
            "impl A { #[test] fn b() {} }",
            "#[cfg(feature = \"a\")] #[test] fn a() {}",
            "#[cfg(not(test))] mod a { #[test] fn b() {} }",
            "#[cfg(unix)] mod a { #[test] fn b() {} }",
            "mod a { #![cfg(unix)] #[test] fn b() {} }",
            "#![cfg(unix)] #[test] fn a() {}",
            "#[cfg_attr(unix, test)] fn a() {}",
            "#[pyo3_aio::tokio::test] fn a() {}",
            "#[tokio::test] async fn a() {}",
            "#[test] struct A; fn b() {}",
            "#[test_log::test(pyo3_aio::tokio::test)] fn a() {}",
            "struct A<'a>(&'a str, fn(u8)); fn b<'a>(x: char) { x == '\"'; } ",
            "#[test",
            "#",
            "mod a {",
        ] {
            assert_eq!(scan(text), ScannedFile::default(), "{text}");
        }
    }

    #[test]
    fn test_may_be_an_imported_name() {
        for text in [
            "use pyo3_aio::tokio::test;",
            "use pyo3_aio::{smol::{test, spawn}, tokio};",
            "mod a { use test_log::test; }",
            "use a::b as test;",
            "use a::test::{self, b};",
            "use pyo3_aio::tokio::*;",
            "use crate::prelude::*;",
        ] {
            assert!(scan(text).imports_test, "{text}");
        }
        for text in [
            "use pyo3_aio::tokio::test as ptest;",
            "use super::*; use pyo3::prelude::*; use std::{fs::*, io};",
            "use test::Bencher;",
            "use self::a::b; use std::io::{self, Read};",
        ] {
            assert!(!scan(text).imports_test, "{text}");
        }
    }

    #[test]
    fn sync_functions_below_test_case_are_counted() {
        let count = |text: &str| scan(text).below_cases;
        let own = "#[pyo3_aio::tokio::test]";
        assert_eq!(count(&format!("#[test_case(1)] {own} fn a(b: u8) {{}}")), 1);
        assert_eq!(count("#[test_case::test_matrix([1])] fn a(b: u8) {}"), 1);
        assert_eq!(count(&format!("{own} #[test_case(1)] fn a(b: u8) {{}}")), 0);
        let text = format!("#[test_case(1)] {own} async fn a(b: u8) {{}}");
        assert_eq!(scan(&text), ScannedFile::default());
    }

    #[test]
    fn modules_with_files_are_known() {
        let text = "pub mod a; #[cfg(test)] mod b; #[cfg(unix)] mod c; #[path = \"e.rs\"] mod d;
                    mod f { mod g; } mod r#type; #[cfg_attr(unix, path = \"h.rs\")] mod h;";
        assert_eq!(scan(text).modules, ["a", "b", "type"]);
    }
}
