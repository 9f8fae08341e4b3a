//! Names, and the items that they stand for through `use` declarations.

use std::collections::VecDeque;

use syn::UseTree;
use syn::ext::IdentExt;

use super::items::{Import, Items, ModuleId, ROOT, Visibility};
use super::name_path::NamePath;

/// The number of imports that one name may lead through. Imports can go round in circles.
const DEPTH_LIMIT: usize = 32;

impl Import {
    /// Reads the names of a `use` declaration.
    pub(super) fn read(item: &syn::ItemUse) -> Vec<Self> {
        let mut imports = Vec::new();
        let path = NamePath {
            names: Vec::new(),
            is_absolute: item.leading_colon.is_some(),
        };
        Self::read_tree(&item.tree, path, (&item.vis).into(), &mut imports);
        imports
    }

    fn read_tree(tree: &UseTree, mut path: NamePath, visibility: Visibility, all: &mut Vec<Self>) {
        let name = match tree {
            UseTree::Path(part) => {
                path.names.push(part.ident.unraw().to_string());
                return Self::read_tree(&part.tree, path, visibility, all);
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    Self::read_tree(tree, path.clone(), visibility, all);
                }
                return;
            }
            UseTree::Glob(_) => None,
            UseTree::Name(name) => {
                path.names.push(name.ident.unraw().to_string());
                Some(&name.ident)
            }
            UseTree::Rename(rename) => {
                path.names.push(rename.ident.unraw().to_string());
                Some(&rename.rename)
            }
        };
        let is_self = path.names.len() > 1 && path.names.last().is_some_and(|last| last == "self");
        if is_self {
            path.names.pop();
        }
        let name = name.map(|name| match name == "self" {
            true => path.names.last().cloned().unwrap_or_default(),
            false => name.unraw().to_string(),
        });
        all.push(Self {
            name,
            path,
            visibility,
        });
    }
}

/// The bounds of a lookup.
#[derive(Clone, Copy)]
struct Limits {
    /// The number of imports that may still be followed.
    depth: usize,
    /// Whether `use path::*` is followed.
    has_globs: bool,
}

impl Items {
    /// Returns the full path of an item: `crate` and the modules if it is in this crate, else the crate's name first.
    pub(super) fn resolve(&self, module: ModuleId, path: &NamePath) -> Vec<String> {
        let limits = Limits {
            depth: DEPTH_LIMIT,
            has_globs: true,
        };
        self.resolve_within(module, path, limits)
    }

    fn resolve_within(&self, module: ModuleId, path: &NamePath, limits: Limits) -> Vec<String> {
        let names = path.names.as_slice();
        let parent = self.modules[module].parent;
        let found = match names.split_first() {
            _ if path.is_absolute || limits.depth == 0 => None,
            Some((first, rest)) if first == "crate" => Some(self.walk(ROOT, rest, limits)),
            Some((first, rest)) if first == "self" => Some(self.walk(module, rest, limits)),
            Some((first, rest)) if first == "super" => {
                parent.map(|parent| self.walk(parent, rest, limits))
            }
            _ => self
                .find(module, names, limits, &mut vec![module])
                .or_else(|| self.extern_crate(names)),
        };
        found.unwrap_or_else(|| names.to_vec())
    }

    /// Follows the names that stand behind a module's.
    fn walk(&self, module: ModuleId, names: &[String], limits: Limits) -> Vec<String> {
        if let (Some(parent), [first, rest @ ..]) = (self.modules[module].parent, names) {
            if first == "super" {
                return self.walk(parent, rest, limits);
            }
        }
        let found = self.find(module, names, limits, &mut vec![module]);
        found.unwrap_or_else(|| {
            let mut path = vec!["crate".to_owned()];
            path.extend(self.path_of(module));
            path.extend_from_slice(names);
            path
        })
    }

    /// Looks a name up in a module: explicit imports first, then modules in it, then `use path::*`.
    fn find(
        &self,
        module: ModuleId,
        names: &[String],
        mut limits: Limits,
        seen: &mut Vec<ModuleId>,
    ) -> Option<Vec<String>> {
        let (first, rest) = names.split_first()?;
        limits.depth = limits.depth.checked_sub(1)?;
        let imports = self.modules[module].imports.iter();
        let (globs, named): (Vec<&Import>, Vec<&Import>) =
            imports.partition(|import| import.name.is_none());
        let mut named = named
            .iter()
            .filter(|import| import.name.as_ref() == Some(first));
        if let Some(import) = named.next() {
            let mut path = import.path.join(rest);
            // In `use a::a` the first `a` is a crate: otherwise the name would stand for itself.
            path.is_absolute |= path.names.first() == Some(first);
            return Some(self.resolve_within(module, &path, limits));
        }
        if let Some(child) = self.children(module, first).next() {
            return Some(self.walk(child, rest, limits));
        }
        if !limits.has_globs {
            return None;
        }
        globs.iter().find_map(|import| {
            let source = self.module_at(module, &import.path)?;
            if seen.contains(&source) {
                return None;
            }
            seen.push(source);
            self.find(source, names, limits, seen)
        })
    }

    /// Looks a name up among the `extern crate` items of the root, which all modules share.
    fn extern_crate(&self, names: &[String]) -> Option<Vec<String>> {
        let (first, rest) = names.split_first()?;
        let mut imports = self.modules[ROOT].imports.iter();
        let import = imports.find(|import| {
            let is_crate = import.path.is_absolute && import.path.names.len() == 1;
            is_crate && import.name.as_ref() == Some(first)
        })?;
        Some(import.path.join(rest).names)
    }

    /// Finds a module of this crate by its path. Names that `use path::*` brings are not followed: a path of such a
    /// declaration could otherwise depend on itself.
    fn module_at(&self, module: ModuleId, path: &NamePath) -> Option<ModuleId> {
        let limits = Limits {
            depth: DEPTH_LIMIT,
            has_globs: false,
        };
        let resolved = self.resolve_within(module, path, limits);
        let (first, names) = resolved.split_first()?;
        let mut names = names.iter();
        (first == "crate")
            .then(|| names.try_fold(ROOT, |parent, name| self.children(parent, name).next()))?
    }

    /// Returns the paths of other crates whose names `use path::*` brings into a module.
    pub(super) fn foreign_globs(&self, module: ModuleId) -> Vec<Vec<String>> {
        let imports = self.modules[module].imports.iter();
        let globs = imports.filter(|import| import.name.is_none());
        let paths = globs.map(|import| self.resolve(module, &import.path));
        paths
            .filter(|path| path.first().is_some_and(|first| first != "crate"))
            .collect()
    }

    /// Finds the shortest path by which code elsewhere reaches an item, from the crate's root.
    ///
    /// `is_visible` tells which visibilities let that code in.
    pub(super) fn reachable_path(
        &self,
        item: &[String],
        is_visible: impl Fn(ModuleId, Visibility) -> bool,
    ) -> Option<Vec<String>> {
        let (name, parents) = item.split_last()?;
        let mut seen = vec![ROOT];
        let mut queue = VecDeque::from([(ROOT, Vec::<String>::new())]);
        while let Some((module, path)) = queue.pop_front() {
            let extended = |name: &String| path.iter().chain([name]).cloned().collect::<Vec<_>>();
            if self.path_of(module) == parents {
                return Some(extended(name));
            }
            let imports = self.modules[module].imports.iter();
            for import in imports.filter(|import| is_visible(module, import.visibility)) {
                let target = self.resolve(module, &import.path);
                let Some((_, local)) = target.split_first().filter(|(first, _)| *first == "crate")
                else {
                    continue;
                };
                if let (Some(name), true) = (&import.name, local == item) {
                    return Some(extended(name));
                }
                if let Some(id) = self.module_at(module, &import.path) {
                    if !seen.contains(&id) {
                        seen.push(id);
                        queue.push_back((id, import.name.as_ref().map_or(path.clone(), extended)));
                    }
                }
            }
            for (id, child) in self.modules.iter().enumerate() {
                let is_open = child.parent == Some(module) && is_visible(module, child.visibility);
                if is_open && child.is_unconditional && !seen.contains(&id) {
                    seen.push(id);
                    queue.push_back((id, extended(&child.name)));
                }
            }
        }
        None
    }
}
