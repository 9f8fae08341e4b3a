//! `#[pymodule]` items: the modules that Python imports.

use std::ops::Range;
use std::path::PathBuf;

use super::attribute::{Arguments, Attribute};
use super::items::{Item, Items, ModuleId, ROOT, Visibility};
use super::tree::SourceTree;

/// A `#[pymodule]` that Python can import by its own name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PyModule {
    /// The name in Python.
    pub(crate) name: String,
    /// The item, as messages name it: its path through the modules, such as `python::core`.
    pub(crate) item: String,
    /// The path by which the root file names the item; `None` if it is private in a module below.
    pub(crate) root_path: Option<String>,
    /// The file of the item.
    pub(crate) file: PathBuf,
    /// The line of the item, from 1.
    pub(crate) line: usize,
    /// Whether it has documentation, or is hidden from it.
    pub(crate) is_documented: bool,
    /// The bytes of its visibility in its file; empty if it has none.
    pub(crate) visibility: Range<usize>,
    /// How code elsewhere gets at it.
    pub(crate) access: Access,
}

/// How code outside of the crate gets at an item.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Access {
    /// By this path from the crate's root.
    Public(String),
    /// By this path once the item is `pub`, which is written in place of these bytes of its file.
    Private {
        /// The path.
        path: String,
        /// The bytes of its visibility; empty if it has none.
        range: Range<usize>,
    },
    /// Only in builds that a `cfg` selects: a test could not name it without the same condition.
    Conditional,
    /// Not at all: it stands in a private module, and nothing re-exports it.
    Hidden,
}

impl PyModule {
    /// The path by which other crates name the item, now or once it is `pub`.
    pub(crate) fn public_path(&self) -> Option<&str> {
        match &self.access {
            Access::Public(path) | Access::Private { path, .. } => Some(path),
            Access::Hidden | Access::Conditional => None,
        }
    }

    /// Whether the item is in a module of the crate.
    pub(crate) fn is_below_root(&self) -> bool {
        self.item.contains("::")
    }

    /// The changes that make a hidden item public.
    pub(crate) fn re_export(&self) -> String {
        let re_export = format!("add `pub use {};` to the library's root file", self.item);
        match &self.root_path {
            Some(_) => re_export,
            None => format!("make it `pub`, and {re_export}"),
        }
    }
}

impl SourceTree {
    /// Finds the modules for Python, those in the root file first.
    ///
    /// Left out are submodules, which Python reaches through another module only, and items of tests.
    pub(crate) fn pymodules(&self) -> Vec<PyModule> {
        let items = &self.items;
        let mut found: Vec<(usize, PyModule)> = Vec::new();
        for item in &items.all {
            if let Some(module) = read(items, item) {
                found.push((items.path_of(item.module).len(), module));
            }
        }
        found.sort_by_key(|(depth, _)| *depth);
        found.into_iter().map(|(_, module)| module).collect()
    }
}

fn read(items: &Items, item: &Item) -> Option<PyModule> {
    let mut attributes = item.attributes.all.iter();
    let attribute = attributes.find(|attribute| names_pymodule(items, item.module, attribute))?;
    let (declaration, name) = (item.declaration.as_ref()?, item.name.as_ref()?);
    let around = &items.modules[item.module];
    let is_certain = item.attributes.is_unconditional && around.is_unconditional;
    let is_conditional = attribute.is_conditional || !is_certain;
    let is_test_only = item.attributes.is_test_only || around.is_test_only;
    if is_test_only || around.is_in_pymodule || attribute.has_flag("submodule") {
        return None;
    }
    let mut path = items.path_of(item.module);
    path.push(name.clone());
    if is_submodule(items, &path) {
        return None;
    }
    let access = match is_conditional {
        true => Access::Conditional,
        false => access(items, &path, declaration.visibility, &declaration.range),
    };
    Some(PyModule {
        name: python_name(item, attribute).unwrap_or_else(|| name.clone()),
        item: path.join("::"),
        root_path: root_path(items, &path, declaration.visibility, &access),
        file: item.file.clone(),
        line: item.line,
        is_documented: item.attributes.is_documented,
        visibility: declaration.range.clone(),
        access,
    })
}

fn names_pymodule(items: &Items, module: ModuleId, attribute: &Attribute) -> bool {
    let path = items.resolve(module, &attribute.path);
    path.last().is_some_and(|name| name == "pymodule")
}

/// Whether another module adds the item, by `wrap_pymodule!` or `#[pymodule_export]`.
fn is_submodule(items: &Items, path: &[String]) -> bool {
    items.submodules.iter().any(|(module, added)| {
        let added = items.resolve(*module, added);
        matches!(added.split_first(), Some((first, rest)) if first == "crate" && rest == path)
    })
}

/// The name in `#[pymodule(name = "..")]` or `#[pyo3(name = "..")]`.
fn python_name(item: &Item, attribute: &Attribute) -> Option<String> {
    let is_pyo3 = |attribute: &&Attribute| attribute.path.is_name("pyo3");
    let beside = item.attributes.all.iter().filter(is_pyo3);
    let arguments = [attribute]
        .into_iter()
        .chain(beside)
        .flat_map(Attribute::nested);
    let mut names = arguments.filter_map(|argument| match argument.arguments {
        Arguments::Value(value) if argument.path.is_name("name") => Some(value),
        _ => None,
    });
    names.next()
}

fn access(items: &Items, path: &[String], visibility: Visibility, range: &Range<usize>) -> Access {
    let is_public = |_, visibility| visibility == Visibility::Public;
    match (items.reachable_path(path, is_public), visibility) {
        (Some(path), Visibility::Public) => Access::Public(path.join("::")),
        (Some(path), _) => Access::Private {
            path: path.join("::"),
            range: range.clone(),
        },
        (None, _) => Access::Hidden,
    }
}

fn root_path(
    items: &Items,
    path: &[String],
    visibility: Visibility,
    access: &Access,
) -> Option<String> {
    let is_visible = |module, visibility| module == ROOT || visibility != Visibility::Private;
    let is_in_root = path.len() == 1;
    match access {
        Access::Conditional => None,
        Access::Hidden if visibility == Visibility::Private && !is_in_root => None,
        _ => items
            .reachable_path(path, is_visible)
            .map(|path| path.join("::")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Access, PyModule, SourceTree};

    fn find(files: &[(&str, &str)]) -> Vec<PyModule> {
        SourceTree::of_texts(files).pymodules()
    }

    fn find_in(text: &str) -> Vec<PyModule> {
        find(&[("lib.rs", text)])
    }

    fn items(modules: &[PyModule]) -> Vec<(&str, usize, &str)> {
        let modules = modules.iter();
        modules
            .map(|module| {
                (
                    module.item.as_str(),
                    module.line,
                    module.public_path().unwrap_or("-"),
                )
            })
            .collect()
    }

    /// The text with all private modules public.
    fn published(text: &str) -> String {
        let mut text = text.to_owned();
        for module in find_in(&text).into_iter().rev() {
            if let Access::Private { range, .. } = module.access {
                let public = if range.is_empty() { "pub " } else { "pub" };
                text.replace_range(range, public);
            }
        }
        text
    }

    #[test]
    fn both_forms_are_found_wherever_they_are_written() {
        let found = find_in(
            "#[pymodule]\nmod a {\n}\n#[pymodule]\n/// Doc.\npub fn b(m: X) {}\n\
             #[cfg_attr(all(), pymodule)]\n  pub(crate)\n  fn c() {}\n\
             #[pyo3::pymodule(gil_used = false)] pub unsafe fn d() {}",
        );
        let expected = [("a", 2, "a"), ("b", 6, "b"), ("c", 9, "c"), ("d", 10, "d")];
        assert_eq!(items(&found), expected);
        assert_eq!(
            items(&find_in(
                "use pyo3::pymodule as python; #[python] pub fn e() {}"
            ))
            .len(),
            1
        );
    }

    #[test]
    fn the_name_for_python_may_differ() {
        for text in [
            "#[pymodule(name = \"_core\")]\nfn core() {}\n",
            "#[py::pymodule]\n#[pyo3(name = \"_core\")]\nfn core() {}\n",
            "#[pymodule(gil_used = true, name = \"_core\")]\nmod core {}\n",
        ] {
            assert_eq!(find_in(text)[0].name, "_core", "{text}");
            assert_eq!(find_in(text)[0].item, "core", "{text}");
        }
    }

    #[test]
    fn only_the_visibility_changes() {
        let text = "\u{feff}// é\r\n#[pymodule]\r\nmod a {\r\n    fn x() {}\r\n}\r\n#[pymodule] \t unsafe  fn b() {}\r\n\
                    #[pymodule]\npub( in crate )  fn c() {}";
        let expected = text
            .replace("mod a", "pub mod a")
            .replace("unsafe  fn b", "pub unsafe  fn b")
            .replace("pub( in crate )", "pub");
        assert_eq!(published(text), expected);
        assert_eq!(published(&expected), expected);
    }

    #[test]
    fn modules_below_are_reached_by_public_paths_and_re_exports() {
        let item = ("python.rs", "#[pymodule]\npub fn core(m: X) {}");
        let access = |lib: &str| {
            let modules = find(&[("lib.rs", lib), item]);
            let module = &modules[0];
            let public = module.public_path().map(str::to_owned);
            (public, module.root_path.clone())
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            access("pub mod python;"),
            (some("python::core"), some("python::core"))
        );
        assert_eq!(access("mod python;"), (None, some("python::core")));
        assert_eq!(
            access("mod python; pub use python::core;"),
            (some("core"), some("core"))
        );
        assert_eq!(
            access("mod python; pub use self::python::*;").0,
            some("core")
        );
        assert_eq!(
            access("mod python; pub use python::core as it;").0,
            some("it")
        );
        assert_eq!(
            access("mod python; pub use python as py;").0,
            some("py::core")
        );
        assert_eq!(
            access("mod python; pub mod m { pub use crate::python::core; }").0,
            some("m::core")
        );
    }

    #[test]
    fn private_items_in_private_modules_are_hidden() {
        let files = [
            ("lib.rs", "mod a;"),
            ("a.rs", "#[pymodule] fn core(m: X) {}"),
        ];
        let found = find(&files);
        assert_eq!(
            (&found[0].access, &found[0].root_path),
            (&Access::Hidden, &None)
        );
        let public = [("lib.rs", "pub mod a;"), files[1]];
        assert_eq!(find(&public)[0].public_path(), Some("a::core"));
    }

    #[test]
    fn modules_of_the_root_file_come_first() {
        let lib = "pub mod a;\n#[pymodule] pub fn root() {}";
        let found = find(&[("lib.rs", lib), ("a.rs", "#[pymodule] pub fn below() {}")]);
        assert_eq!(
            items(&found),
            [("root", 2, "root"), ("a::below", 1, "a::below")]
        );
    }

    #[test]
    fn submodules_are_left_out() {
        for text in [
            "#[pymodule] mod outer { #[pymodule] mod inner {} }",
            "#[pymodule] mod outer { #[pymodule_export] use super::inner; }\n#[pymodule] mod inner {}",
            "#[pymodule] fn outer(m: &M) { m.add_wrapped(wrap_pymodule!(sub::inner)); }\n\
             mod sub { #[pymodule] pub fn inner() {} }",
            "#[pymodule] fn outer() {}\n#[pymodule(submodule)] fn inner() {}",
        ] {
            let found = find_in(text);
            assert_eq!(found.len(), 1, "{text}");
            assert_eq!(found[0].item, "outer", "{text}");
        }
    }

    #[test]
    fn items_that_depend_on_a_condition_have_no_path() {
        for text in [
            "#[cfg(feature = \"python\")]\n#[pymodule]\nmod a {}\n",
            "#[pymodule]\n#[cfg(feature = \"python\")]\nfn a() {}\n",
            "#[cfg_attr(feature = \"python\", pymodule)] fn a() {}",
            "#![cfg(unix)] #[pymodule] fn a() {}",
        ] {
            let found = find_in(text);
            assert_eq!(
                (&found[0].access, &found[0].root_path),
                (&Access::Conditional, &None),
                "{text}"
            );
        }
        for text in [
            "#[cfg(test)] mod tests { #[pymodule] pub fn a() {} }",
            "fn f() { #[pymodule] fn a() {} }",
            "// #[pymodule]\nmod a {}\n",
            "#[pymodule_export]\nmod a {}\n",
        ] {
            assert_eq!(find_in(text), [], "{text}");
        }
        let other = "#[cfg(unix)] fn other() {}\n#[cfg(all())]\n#[pymodule]\nmod a {}\n";
        assert_eq!(find_in(other).len(), 1);
    }
}
