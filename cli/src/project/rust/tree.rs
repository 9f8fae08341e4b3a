//! A crate's root file and the module files that it declares.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::harness::MainMacro;
use super::items::{Items, Module};
use super::parse::{ParseError, ParsedFile};
use super::walk::{DeclaredModule, ModuleFile, walk};

/// The source of a crate, as far as it can be found and parsed.
#[derive(Clone, Debug)]
pub(crate) struct SourceTree {
    root: PathBuf,
    /// The files that have been read, and their texts.
    texts: BTreeMap<PathBuf, String>,
    errors: Vec<ParseError>,
    pub(super) items: Items,
}

impl SourceTree {
    /// Reads the root file and the files of its modules. A file that is missing is left to rustc, which reports it.
    pub(crate) fn read(root: &Path) -> Self {
        Self::read_with(root, |path| fs::read(path).ok())
    }

    /// Returns the tree with other texts in place of those of some files.
    pub(crate) fn with_texts<'a>(
        &self,
        changed: impl Iterator<Item = (&'a Path, &'a str)>,
    ) -> Self {
        let mut texts = self.texts.clone();
        texts.extend(changed.map(|(path, text)| (path.to_owned(), text.to_owned())));
        Self::read_with(&self.root, |path| {
            Some(texts.get(path)?.clone().into_bytes())
        })
    }

    fn read_with(root: &Path, bytes_of: impl Fn(&Path) -> Option<Vec<u8>>) -> Self {
        let mut tree = Self {
            root: root.to_owned(),
            texts: BTreeMap::new(),
            errors: Vec::new(),
            items: Items::default(),
        };
        let module = Module::root();
        let files = vec![ModuleFile::with_modules_beside(root.to_owned())];
        let mut declared = vec![DeclaredModule { module, files }];
        while let Some(next) = declared.pop() {
            for file in next.files {
                let Some(bytes) = bytes_of(&file.path) else {
                    continue;
                };
                let text = match String::from_utf8(bytes) {
                    Ok(text) => text,
                    Err(error) => {
                        tree.errors.push(ParseError::not_utf8(&file.path, &error));
                        continue;
                    }
                };
                // A file may be declared twice, and may declare itself.
                if tree.texts.insert(file.path.clone(), text.clone()).is_some() {
                    continue;
                }
                tree.items.modules.push(next.module.clone());
                match ParsedFile::parse(&file.path, &text) {
                    Ok(parsed) => {
                        let module = tree.items.modules.len() - 1;
                        let found = walk(&parsed, &file, module, &mut tree.items);
                        // The first is read next, so that items come in the order of their modules.
                        declared.extend(found.into_iter().rev());
                    }
                    Err(error) => tree.errors.push(error),
                }
            }
        }
        if tree.items.modules.is_empty() {
            tree.items.modules.push(Module::root());
        }
        tree
    }

    /// The root file.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The text of a file of the tree.
    pub(crate) fn text(&self, path: &Path) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Whether a file is that of a module of this crate.
    pub(crate) fn has_module_file(&self, path: &Path) -> bool {
        path != self.root && self.texts.contains_key(path)
    }

    /// The files that do not parse. Their items are unknown.
    pub(crate) fn errors(&self) -> &[ParseError] {
        &self.errors
    }

    /// The error of the root file, if that does not parse.
    pub(crate) fn root_error(&self) -> Option<&ParseError> {
        self.errors.iter().find(|error| error.path == self.root)
    }

    /// Whether the crate starts a test harness, or imports what does.
    pub(crate) fn starts_harness(&self) -> bool {
        self.items.starts_harness()
    }

    /// The lints that the root file turns on.
    pub(crate) fn lints(&self) -> &[String] {
        &self.items.lints
    }

    /// Whether the code names one of these crates.
    pub(crate) fn uses_crate(&self, names: &[String]) -> bool {
        let first_names = &self.items.first_names;
        names.iter().any(|name| first_names.contains(name))
    }

    /// The `testing::main!` of the root file.
    pub(crate) fn main_macro(&self) -> Option<MainMacro> {
        self.items.main_macro()
    }

    /// Whether the root file has a function `main`, or a macro that defines it.
    pub(crate) fn has_main(&self) -> bool {
        self.items.has_main_function || self.main_macro().is_some()
    }
}

#[cfg(test)]
impl SourceTree {
    /// A tree of files that need not exist; the first is the root.
    pub(super) fn of_texts(files: &[(&str, &str)]) -> Self {
        let text = |path: &Path| files.iter().find(|(name, _)| Path::new(name) == path);
        Self::read_with(Path::new(files[0].0), |path| {
            text(path).map(|(_, text)| (*text).into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::SourceTree;

    /// The files of the tests that are found, in their order.
    fn tests_of(files: &[(&str, &str)]) -> Vec<String> {
        let tests = SourceTree::of_texts(files).test_functions(&[]);
        let plain = tests.plain.iter();
        plain
            .map(|test| test.show(|path| path.display().to_string().replace('\\', "/")))
            .collect()
    }

    #[test]
    fn modules_are_found_where_rustc_finds_them() {
        let test = |name: &str, rest: &str| format!("#[test]\nfn {name}() {{}}\n{rest}");
        let lib = "mod a; mod b;\n#[path = \"else/where.rs\"] mod c;\nmod inline { mod d; }\n\
                   #[path = \"x\"] mod y { mod z; #[path = \"w.rs\"] mod v; }\nmod absent;";
        let found = tests_of(&[
            ("src/lib.rs", lib),
            (
                "src/a.rs",
                &test("a", "mod below; mod inner { #[path = \"p.rs\"] mod q; }"),
            ),
            ("src/a/below.rs", &test("below", "")),
            ("src/a/inner/p.rs", &test("q", "")),
            ("src/b/mod.rs", &test("b", "mod beside;")),
            ("src/b/beside.rs", &test("beside", "")),
            (
                "src/else/where.rs",
                &test("c", "mod here; #[path = \"../up.rs\"] mod up;"),
            ),
            ("src/else/here.rs", &test("here", "")),
            ("src/up.rs", &test("up", "")),
            ("src/inline/d.rs", &test("d", "")),
            ("src/x/z.rs", &test("z", "")),
            ("src/x/w.rs", &test("w", "")),
            ("src/orphan.rs", &test("orphan", "")),
        ]);
        let expected = [
            "src/a.rs:2: a",
            "src/a/below.rs:2: below",
            "src/a/inner/p.rs:2: q",
            "src/b/mod.rs:2: b",
            "src/b/beside.rs:2: beside",
            "src/else/where.rs:2: c",
            "src/else/here.rs:2: here",
            "src/up.rs:2: up",
            "src/inline/d.rs:2: d",
            "src/x/z.rs:2: z",
            "src/x/w.rs:2: w",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_module_may_have_a_file_for_each_target() {
        let lib = "#[cfg_attr(unix, path = \"unix.rs\")] #[cfg_attr(windows, path = \"windows.rs\")] mod sys;\n\
                   #[cfg(unix)] mod other;\n#[cfg(any())] mod never;";
        let test = "#[test] fn t() {}";
        let found = tests_of(&[
            ("lib.rs", lib),
            ("unix.rs", test),
            ("windows.rs", test),
            ("other.rs", test),
            ("never.rs", test),
        ]);
        assert_eq!(found, ["unix.rs:1: t", "windows.rs:1: t", "other.rs:1: t"]);
    }

    #[test]
    fn a_file_that_declares_itself_is_read_once() {
        let file = ("a.rs", "#[path = \"a.rs\"] mod a;\n#[test] fn t() {}");
        assert_eq!(tests_of(&[file]).len(), 1);
    }

    #[test]
    fn a_file_that_does_not_parse_hides_no_other() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "fn no( {}"),
            ("b.rs", "#[test] fn t() {}"),
        ];
        assert_eq!(tests_of(&files).len(), 1);
        let tree = SourceTree::of_texts(&files);
        assert_eq!(tree.errors().len(), 1);
        assert_eq!(tree.root_error(), None);
        assert!(
            SourceTree::of_texts(&[("lib.rs", "}")])
                .root_error()
                .is_some()
        );
    }

    #[test]
    fn the_texts_of_files_can_be_replaced() {
        let tree = SourceTree::of_texts(&[("lib.rs", "mod a;"), ("a.rs", "")]);
        let changed = [("a.rs".as_ref(), "#[test] fn t() {}")];
        let tree = tree.with_texts(changed.into_iter());
        assert_eq!(tree.test_functions(&[]).plain.len(), 1);
    }
}
