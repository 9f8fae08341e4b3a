//! Names that a file has taken from pyo3-aio by `use`.

use std::collections::BTreeMap;
use std::iter::Peekable;

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// What names stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Imports {
    names: BTreeMap<String, Vec<String>>,
    /// Whether there is `use super::*`.
    takes_those_above: bool,
}

impl Imports {
    /// Collects the imports of a whole file, as if they stood at its top. `above` are those of the
    /// file that declares its module.
    pub(super) fn collect(tokens: TokenStream, above: &Self) -> Self {
        let mut imports = Self::default();
        imports.collect_into(tokens);
        if imports.takes_those_above {
            for (name, path) in &above.names {
                let name = imports.names.entry(name.clone());
                name.or_insert_with(|| path.clone());
            }
        }
        imports
    }

    fn collect_into(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Ident(word) if word == "use" => self.tree(&[], &mut tokens),
                TokenTree::Group(group) => self.collect_into(group.stream()),
                _ => {}
            }
        }
    }

    /// Reads `a::b as c` or `a::{..}`, up to what follows it.
    fn tree(&mut self, prefix: &[String], tokens: &mut Peekable<IntoIter>) {
        let mut path = prefix.to_vec();
        let mut name = None;
        let mut is_renamed = false;
        while let Some(token) = tokens.peek() {
            match token {
                TokenTree::Punct(mark) if matches!(mark.as_char(), ';' | ',') => break,
                TokenTree::Ident(word) if word == "as" => is_renamed = true,
                TokenTree::Ident(word) if is_renamed => name = Some(word.to_string()),
                TokenTree::Ident(word) => path.push(word.to_string()),
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    let mut trees = group.stream().into_iter().peekable();
                    while trees.peek().is_some() {
                        self.tree(&path, &mut trees);
                        trees.next();
                    }
                    tokens.next();
                    return;
                }
                _ => {}
            }
            tokens.next();
        }
        if path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let name = name.or_else(|| path.last().cloned());
        if let Some(name) = name.filter(|_| !path.is_empty()) {
            self.takes_those_above |= name == "super";
            self.names.insert(name, path);
        }
    }

    /// The path with the name that it begins with replaced by what that stands for, which may begin
    /// with an imported name as well.
    pub(super) fn resolve(&self, path: &[String]) -> Vec<String> {
        let mut path = path.to_vec();
        // `use a::a` would go on for ever.
        for _ in 0..self.names.len() {
            let Some((first, rest)) = path.split_first() else {
                break;
            };
            let Some(imported) = self
                .names
                .get(first)
                .filter(|imported| imported[0] != *first)
            else {
                break;
            };
            path = imported.iter().chain(rest).cloned().collect();
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::Imports;

    fn resolve(source: &str, path: &str) -> String {
        let path: Vec<String> = path.split("::").map(str::to_owned).collect();
        let imports = Imports::collect(source.parse().unwrap(), &Imports::default());
        imports.resolve(&path).join("::")
    }

    #[test]
    fn every_form_of_an_import_is_understood() {
        assert_eq!(resolve("use a::b::test;", "test"), "a::b::test");
        assert_eq!(resolve("use ::a::b as c;", "c::test"), "a::b::test");
        let nested = "mod m { use a::{self, b::{c, d as e}, f}; }";
        assert_eq!(resolve(nested, "a::x"), "a::x");
        assert_eq!(resolve(nested, "c"), "a::b::c");
        assert_eq!(resolve(nested, "e::x"), "a::b::d::x");
        assert_eq!(resolve(nested, "f"), "a::f");
        assert_eq!(resolve("use a::*;", "test"), "test");
        assert_eq!(resolve("use a::b; use b::c as d;", "d"), "a::b::c");
        assert_eq!(resolve("use a::a; use b::c; use c::b;", "a"), "a");
    }
}
