//! The items of a crate that the reader collects, in the order in which they stand in the files.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use proc_macro2::TokenStream;

use super::attribute::Attributes;
use super::name_path::NamePath;

/// The index of a module in [`Items::modules`].
pub(super) type ModuleId = usize;

/// The root module of a crate.
pub(super) const ROOT: ModuleId = 0;

/// Everything that has been collected.
#[derive(Clone, Debug, Default)]
pub(super) struct Items {
    /// The root module, and then the others.
    pub(super) modules: Vec<Module>,
    /// Functions and inline modules that have attributes, and calls of `with_serial`.
    pub(super) all: Vec<Item>,
    /// Calls that may start a test harness.
    pub(super) calls: Vec<Call>,
    /// Paths in `wrap_pymodule!(path)` and in `#[pymodule_export] use path`.
    pub(super) submodules: Vec<(ModuleId, NamePath)>,
    /// Whether the root file has a function `main`.
    pub(super) has_main_function: bool,
    /// The lints that the root file turns on.
    pub(super) lints: Vec<String>,
    /// The first names of all paths in the code, among which are those of the crates in use.
    pub(super) first_names: BTreeSet<String>,
}

/// A module.
#[derive(Clone, Debug)]
pub(super) struct Module {
    pub(super) name: String,
    /// `None` for the root.
    pub(super) parent: Option<ModuleId>,
    pub(super) visibility: Visibility,
    /// Whether it exists in every build.
    pub(super) is_unconditional: bool,
    /// Whether it exists in builds of tests only.
    pub(super) is_test_only: bool,
    /// Whether it is a `#[pymodule]`, or stands in one.
    pub(super) is_in_pymodule: bool,
    pub(super) imports: Vec<Import>,
}

impl Module {
    pub(super) fn root() -> Self {
        Self {
            name: String::new(),
            parent: None,
            visibility: Visibility::Public,
            is_unconditional: true,
            is_test_only: false,
            is_in_pymodule: false,
            imports: Vec::new(),
        }
    }
}

/// A name that a `use` declaration brings into a module.
#[derive(Clone, Debug)]
pub(super) struct Import {
    /// The name; `None` for `use path::*`.
    pub(super) name: Option<String>,
    pub(super) path: NamePath,
    pub(super) visibility: Visibility,
}

/// A call of a function or a macro.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) module: ModuleId,
    pub(super) path: NamePath,
    /// The arguments of a macro.
    pub(super) arguments: Option<TokenStream>,
}

/// A function or an inline module that has attributes, or a call of `with_serial`.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// `None` for `fn $name` in a macro.
    pub(super) name: Option<String>,
    /// The module that it stands in.
    pub(super) module: ModuleId,
    pub(super) attributes: Attributes,
    pub(super) kind: ItemKind,
    pub(super) file: PathBuf,
    /// The line of `fn`, `mod` or `with_serial`, from 1.
    pub(super) line: usize,
    /// `None` for an item in a function's body or in a macro's arguments.
    pub(super) declaration: Option<Declaration>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ItemKind {
    Function { is_async: bool },
    Module,
    SerialCall,
}

/// The visibility of an item that stands directly in a module.
#[derive(Clone, Debug)]
pub(super) struct Declaration {
    pub(super) visibility: Visibility,
    /// The bytes of the visibility in the file; empty, and before the item's first keyword, if there is none.
    pub(super) range: Range<usize>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Visibility {
    /// `pub`.
    Public,
    /// `pub(crate)`, `pub(super)` and the like.
    Restricted,
    Private,
}

impl From<&syn::Visibility> for Visibility {
    fn from(visibility: &syn::Visibility) -> Self {
        match visibility {
            syn::Visibility::Public(_) => Self::Public,
            syn::Visibility::Restricted(_) => Self::Restricted,
            _ => Self::Private,
        }
    }
}

impl Items {
    /// Finds the modules of a name that are declared in a module; there are several if each has a condition.
    pub(super) fn children<'a>(
        &'a self,
        parent: ModuleId,
        name: &'a str,
    ) -> impl Iterator<Item = ModuleId> + 'a {
        let modules = self.modules.iter().enumerate();
        let is_child = move |module: &Module| module.parent == Some(parent) && module.name == name;
        modules
            .filter(move |(_, module)| is_child(module))
            .map(|(id, _)| id)
    }

    /// Returns the names of the modules from the root to this one.
    pub(super) fn path_of(&self, mut module: ModuleId) -> Vec<String> {
        let mut path = Vec::new();
        while let Some(parent) = self.modules[module].parent {
            path.push(self.modules[module].name.clone());
            module = parent;
        }
        path.reverse();
        path
    }
}
