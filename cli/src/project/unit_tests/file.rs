//! One file of a library, as tokens.

use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};

use super::Place;
use super::attribute::{self, Attribute, Kind, Names};
use super::imports::Imports;

/// A module with a file of its own.
#[derive(Debug)]
pub(super) struct Module {
    /// The file.
    pub(super) path: PathBuf,
    /// Where the files of its modules are.
    folder: PathBuf,
    /// What the file imports that declares it.
    above: Imports,
}

/// What is in a file.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) own: Vec<Place>,
    pub(super) plain: Vec<Place>,
    /// Those of `own` that run alone.
    pub(super) serial: Vec<Place>,
    pub(super) has_main: bool,
    /// The modules that it declares.
    pub(super) modules: Vec<Module>,
}

impl Module {
    /// The library itself.
    pub(super) fn root(path: &Path) -> Self {
        Self::with_modules_beside(path.to_owned())
    }

    /// A root, a `mod.rs`, or a file that `#[path]` names.
    fn with_modules_beside(path: PathBuf) -> Self {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self {
            path,
            folder,
            above: Imports::default(),
        }
    }

    /// Where `mod name;` in this folder may be.
    fn candidates(folder: &Path, name: &str) -> [Self; 2] {
        let own = folder.join(name);
        let path = folder.join(format!("{name}.rs"));
        let beside = Self {
            path,
            folder: own.clone(),
            above: Imports::default(),
        };
        [beside, Self::with_modules_beside(own.join("mod.rs"))]
    }
}

/// Looks at all tokens of a file.
pub(super) fn scan(module: &Module, text: &str, crates: &[String]) -> Found {
    let Ok(tokens) = text.parse::<TokenStream>() else {
        return Found::default();
    };
    let mut scan = Scan {
        path: &module.path,
        crates,
        imports: Imports::collect(tokens.clone(), &module.above),
        found: Found::default(),
    };
    scan.items(tokens, &Inside::new(module));
    for declared in &mut scan.found.modules {
        declared.above = scan.imports.clone();
    }
    scan.found
}

/// Where in the file the tokens are.
struct Inside {
    /// Where the files of modules are.
    folder: PathBuf,
    /// What `#[path]` is relative to.
    beside: PathBuf,
    /// Whether it is the top of the file.
    is_top: bool,
}

impl Inside {
    fn new(module: &Module) -> Self {
        let beside = module.path.parent().unwrap_or(Path::new(""));
        Self {
            folder: module.folder.clone(),
            beside: beside.to_owned(),
            is_top: true,
        }
    }

    /// Within `mod name { .. }` even `#[path]` is relative to the module's folder.
    fn module(&self, name: &str) -> Self {
        let folder = self.folder.join(name);
        Self {
            beside: folder.clone(),
            folder,
            is_top: false,
        }
    }

    fn group(&self) -> Self {
        Self {
            folder: self.folder.clone(),
            beside: self.beside.clone(),
            is_top: false,
        }
    }
}

struct Scan<'a> {
    path: &'a Path,
    crates: &'a [String],
    imports: Imports,
    found: Found,
}

impl Scan<'_> {
    fn items(&mut self, tokens: TokenStream, inside: &Inside) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        // Attributes that wait for their item.
        let mut pending = Vec::new();
        for (index, token) in tokens.iter().enumerate() {
            let after = &tokens[index + 1..];
            match token {
                TokenTree::Ident(word) if word == "mod" => {
                    self.module(after, &pending, inside);
                }
                TokenTree::Ident(word) if word == "fn" => {
                    let is_async = is_async(&tokens[..index]);
                    self.function((word.span(), is_async), after, &pending, inside);
                    pending.clear();
                }
                TokenTree::Ident(word) if word == "with_serial" => {
                    let place = self.place(word.span(), Some(word.to_string()));
                    self.found.serial.push(place);
                }
                TokenTree::Ident(word) if word == "main" => {
                    self.found.has_main |= starts_harness(&tokens[..index], after);
                }
                TokenTree::Punct(mark) if matches!(mark.as_char(), ';' | ',') => {
                    pending.clear();
                }
                TokenTree::Group(group) if is_attribute(&tokens[..index], group) => {
                    pending.extend(Attribute::read(group.stream()));
                }
                TokenTree::Group(group) => {
                    self.group(group, &tokens[..index], &mut pending, inside)
                }
                _ => {}
            }
        }
    }

    fn group(
        &mut self,
        group: &Group,
        before: &[TokenTree],
        pending: &mut Vec<Attribute>,
        inside: &Inside,
    ) {
        let inside = match before {
            [.., TokenTree::Ident(word), TokenTree::Ident(name)] if word == "mod" => {
                inside.module(&plain(name.to_string()))
            }
            _ => inside.group(),
        };
        self.items(group.stream(), &inside);
        if group.delimiter() == Delimiter::Brace {
            pending.clear();
        }
    }

    /// Notes the file of `mod name;`.
    fn module(&mut self, after: &[TokenTree], pending: &[Attribute], inside: &Inside) {
        let [TokenTree::Ident(name), TokenTree::Punct(mark), ..] = after else {
            return;
        };
        if mark.as_char() != ';' {
            return;
        }
        let named = pending.iter().filter_map(Attribute::file);
        let named: Vec<String> = named.collect();
        for file in &named {
            let path = inside.beside.join(file);
            self.found.modules.push(Module::with_modules_beside(path));
        }
        if named.is_empty() {
            let candidates = Module::candidates(&inside.folder, &plain(name.to_string()));
            self.found.modules.extend(candidates);
        }
    }

    fn function(
        &mut self,
        (keyword, is_async): (Span, bool),
        after: &[TokenTree],
        pending: &[Attribute],
        inside: &Inside,
    ) {
        let name = match after {
            [TokenTree::Ident(name), ..] => Some(plain(name.to_string())),
            // `fn $name` in a macro.
            [TokenTree::Punct(_), ..] => None,
            // The type of a function.
            _ => return,
        };
        self.found.has_main |= inside.is_top && name.as_deref() == Some("main");
        let names = Names {
            imports: &self.imports,
            crates: self.crates,
        };
        let kind = attribute::kind(pending, is_async, names);
        let place = self.place(keyword, name);
        match kind {
            Kind::Own { is_serial } => {
                let serial = is_serial.then(|| place.clone());
                self.found.serial.extend(serial);
                self.found.own.push(place);
            }
            Kind::Plain => self.found.plain.push(place),
            Kind::BelowCases => self.found.plain.push(place.with_cure()),
            Kind::Function => {}
        }
    }

    fn place(&self, at: Span, name: Option<String>) -> Place {
        Place {
            path: self.path.to_owned(),
            line: at.start().line,
            name,
        }
    }
}

/// Whether `async` is among what stands before `fn`.
fn is_async(before: &[TokenTree]) -> bool {
    let is_qualifier = |token: &&TokenTree| match token {
        TokenTree::Ident(word) => ["async", "const", "extern", "safe", "unsafe"]
            .iter()
            .any(|known| word == known),
        TokenTree::Literal(_) => true,
        _ => false,
    };
    let mut qualifiers = before.iter().rev().take_while(is_qualifier);
    qualifiers.any(|token| matches!(token, TokenTree::Ident(word) if word == "async"))
}

/// `#[..]`; the `#![..]` of a file is of no concern.
fn is_attribute(before: &[TokenTree], group: &Group) -> bool {
    let is_hash = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == '#');
    group.delimiter() == Delimiter::Bracket && is_hash(before.last())
}

/// Whether `main` is the end of `testing::main!`.
fn starts_harness(before: &[TokenTree], after: &[TokenTree]) -> bool {
    let is_macro = matches!(after, [TokenTree::Punct(mark), ..] if mark.as_char() == '!');
    let is_path = matches!(before, [.., TokenTree::Ident(word), TokenTree::Punct(_), TokenTree::Punct(_)]
        if word == "testing" || word == "libtest_async");
    is_macro && is_path
}

/// The name without the `r#` that makes it one.
fn plain(name: String) -> String {
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Found, Module, Place, scan};

    fn found(text: &str) -> Found {
        let module = Module::root(Path::new("lib.rs"));
        scan(&module, text, &["pyo3_aio".to_owned()])
    }

    fn lines(places: &[Place]) -> Vec<(usize, Option<String>)> {
        let line = |place: &Place| (place.line, place.name.clone());
        places.iter().map(line).collect()
    }

    #[test]
    fn tests_are_found_wherever_they_stand() {
        let text = "\
#[test]
fn top() {}
#[cfg(test)]
mod tests {
    /// Documented.
    #[should_panic]
    #[test]
    async unsafe fn inner() -> Result<(), ()> {}
    #[pyo3_aio::tokio::test]
    pub(crate) async fn own() {}
}
proptest! { #[test] fn in_macro(x in 0..3) {} }
macro_rules! make { ($name:ident) => { #[test] fn $name() {} } }
";
        let found = found(text);
        let named = |line: usize, name: &str| (line, Some(name.to_owned()));
        let plain = [
            named(2, "top"),
            named(8, "inner"),
            named(12, "in_macro"),
            (13, None),
        ];
        assert_eq!(lines(&found.plain), plain);
        assert_eq!(lines(&found.own), [named(10, "own")]);
    }

    #[test]
    fn what_only_looks_like_a_test_is_none() {
        let text = "// #[test]\n/* #[test] fn a() {} */\n/// #[test]\nfn documented() {}\n\
                    const TEXT: &str = \"#[test] fn b() {}\";\n#[test]\nstruct S;\nfn c() {}\n\
                    struct T { #[test] field: fn() }\n";
        assert_eq!(found(text).plain, []);
        assert!(found("fn no( {").plain.is_empty());
    }

    #[test]
    fn cases_above_a_sync_test_are_lost() {
        let text = "\
#[test_case(1)]
#[pyo3_aio::tokio::test]
fn lost(a: u8) {}
#[test_case(1)]
#[pyo3_aio::tokio::test]
pub async unsafe extern \"C\" fn awaited(a: u8) {}
#[pyo3_aio::tokio::test]
#[test_case(1)]
fn below(a: u8) {}
";
        let found = found(text);
        assert_eq!(
            lines(&found.plain),
            [(
                3,
                Some("lost (its attribute belongs above `#[test_case]`)".to_owned())
            )]
        );
        assert_eq!(found.own.len(), 2);
    }

    #[test]
    fn tests_that_run_alone_are_found() {
        let text = "#[pyo3_aio::tokio::test(serial)]\nfn alone() {}\n#[serial] fn other() {}\n\
                    fn main() { Trial::test(\"a\", f)\n.with_serial(true); }";
        let expected = [
            (2, Some("alone".to_owned())),
            (5, Some("with_serial".to_owned())),
        ];
        assert_eq!(lines(&found(text).serial), expected);
    }

    #[test]
    fn a_main_function_is_seen_in_each_form() {
        assert!(found("#[cfg(test)]\nrenamed::testing::main!(modules = [m]);").has_main);
        assert!(found("fn main() {}").has_main);
        assert!(!found("mod m { fn main() {} }").has_main);
        assert!(!found("// pyo3_aio::testing::main!();").has_main);
    }
}
