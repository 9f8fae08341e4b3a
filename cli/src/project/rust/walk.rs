//! The walk through the syntax tree of one file.

use std::path::{Component, Path, PathBuf};

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Block, ExprCall, ExprMethodCall, ItemExternCrate, ItemFn, ItemMacro, ItemMod, ItemUse, Macro,
};

use super::attribute::{Attribute, Attributes};
use super::harness;
use super::items::{
    Call, Declaration, Import, Item, ItemKind, Items, Module, ModuleId, ROOT, Visibility,
};
use super::macro_tokens::{self, MacroItem};
use super::name_path::NamePath;
use super::parse::ParsedFile;

/// A file of the crate, as the declaration of its module tells.
#[derive(Clone, Debug)]
pub(super) struct ModuleFile {
    /// The file.
    pub(super) path: PathBuf,
    /// The folder of the files of the modules that it declares.
    pub(super) folder: PathBuf,
}

/// `mod name;`, whose files have not been read.
#[derive(Clone, Debug)]
pub(super) struct DeclaredModule {
    pub(super) module: Module,
    /// The files that it may have; each that exists is read.
    pub(super) files: Vec<ModuleFile>,
}

impl ModuleFile {
    /// A crate's root, a `mod.rs`, or a file that `#[path]` names.
    pub(super) fn with_modules_beside(path: PathBuf) -> Self {
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Self { path, folder }
    }

    /// The files of `mod name;` without `#[path]`.
    fn candidates(folder: &Path, name: &str) -> [Self; 2] {
        let folder = folder.join(name);
        let beside = Self {
            path: folder.with_extension("rs"),
            folder: folder.clone(),
        };
        [beside, Self::with_modules_beside(folder.join("mod.rs"))]
    }
}

/// Collects the items of a file into `items`, and returns the modules that it declares.
pub(super) fn walk(
    parsed: &ParsedFile,
    file: &ModuleFile,
    module: ModuleId,
    items: &mut Items,
) -> Vec<DeclaredModule> {
    let attributes = Attributes::read(&parsed.syntax.attrs);
    if attributes.is_absent {
        return Vec::new();
    }
    items.modules[module].is_unconditional &= attributes.is_unconditional;
    items.modules[module].is_test_only |= attributes.is_test_only;
    if module == ROOT {
        items.lints = attributes.all.iter().flat_map(Attribute::lints).collect();
    }
    let mut walk = Walk {
        parsed,
        file,
        items,
        module,
        folder: file.folder.clone(),
        path_base: file.path.parent().unwrap_or(Path::new("")).to_owned(),
        is_in_body: false,
        declared: Vec::new(),
    };
    walk.visit_file(&parsed.syntax);
    walk.declared
}

struct Walk<'a> {
    parsed: &'a ParsedFile,
    file: &'a ModuleFile,
    items: &'a mut Items,
    /// The module that the visited items stand in.
    module: ModuleId,
    /// The folder of the files of modules that are declared here.
    folder: PathBuf,
    /// The folder that `#[path]` is relative to.
    path_base: PathBuf,
    /// Whether the visited items stand in a function's body or in a macro's arguments.
    is_in_body: bool,
    declared: Vec<DeclaredModule>,
}

impl<'ast> Visit<'ast> for Walk<'_> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let attributes = Attributes::read(&item.attrs);
        if attributes.is_absent {
            return;
        }
        let name = item.ident.unraw().to_string();
        let Some((_, content)) = &item.content else {
            return self.declare(name, &attributes, (&item.vis).into());
        };
        let module = self.new_module(name.clone(), &attributes, (&item.vis).into());
        let first = item
            .unsafety
            .map_or(item.mod_token.span, |unsafety| unsafety.span);
        self.annotate(
            Some(name.clone()),
            attributes.clone(),
            ItemKind::Module,
            item.mod_token.span,
            (!self.is_in_body).then(|| self.declaration(&item.vis, first)),
        );
        self.in_module(module, &name, &attributes, |walk| {
            content.iter().for_each(|item| walk.visit_item(item));
        });
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        let attributes = Attributes::read(&item.attrs);
        if attributes.is_absent {
            return;
        }
        let name = item.sig.ident.unraw().to_string();
        self.items.has_main_function |= self.module == ROOT && !self.is_in_body && name == "main";
        self.annotate(
            Some(name),
            attributes,
            ItemKind::Function {
                is_async: item.sig.asyncness.is_some(),
            },
            item.sig.fn_token.span,
            (!self.is_in_body).then(|| self.declaration(&item.vis, item.sig.span())),
        );
        visit::visit_item_fn(self, item);
    }

    fn visit_block(&mut self, block: &'ast Block) {
        let is_in_body = std::mem::replace(&mut self.is_in_body, true);
        visit::visit_block(self, block);
        self.is_in_body = is_in_body;
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let attributes = Attributes::read(&item.attrs);
        if attributes.is_absent {
            return;
        }
        let imports = Import::read(item);
        let first = imports
            .iter()
            .filter_map(|import| import.path.names.first());
        self.items.first_names.extend(first.cloned());
        if attributes.all.iter().any(Attribute::is_pymodule_export) {
            let paths = imports
                .iter()
                .map(|import| (self.module, import.path.clone()));
            self.items.submodules.extend(paths);
        }
        self.items.modules[self.module].imports.extend(imports);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast ItemExternCrate) {
        let name = item.rename.as_ref().map_or(&item.ident, |(_, name)| name);
        self.items.modules[self.module].imports.push(Import {
            name: Some(name.unraw().to_string()),
            path: NamePath {
                names: vec![item.ident.unraw().to_string()],
                is_absolute: true,
            },
            visibility: (&item.vis).into(),
        });
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let first = path
            .segments
            .first()
            .map(|first| first.ident.unraw().to_string());
        self.items.first_names.extend(first);
        visit::visit_path(self, path);
    }

    fn visit_item_macro(&mut self, item: &'ast ItemMacro) {
        if !Attributes::read(&item.attrs).is_absent {
            visit::visit_item_macro(self, item);
        }
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        let path = NamePath::new(&call.path);
        if path
            .names
            .last()
            .is_some_and(|name| name == "wrap_pymodule")
        {
            if let Ok(path) = call.parse_body_with(syn::Path::parse_mod_style) {
                let path = NamePath::new(&path);
                self.items.submodules.push((self.module, path));
            }
        }
        self.call(path, Some(call.tokens.clone()));
        self.macro_items(macro_tokens::read(call.tokens.clone()));
    }

    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let syn::Expr::Path(function) = &*call.func {
            self.call(NamePath::new(&function.path), None);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if call.method == "with_serial" {
            self.serial_call(call.method.span());
        }
        visit::visit_expr_method_call(self, call);
    }
}

impl Walk<'_> {
    /// Takes over the items in the arguments of a macro.
    fn macro_items(&mut self, items: Vec<MacroItem>) {
        let is_in_body = std::mem::replace(&mut self.is_in_body, true);
        for item in items {
            match item {
                MacroItem::Function {
                    name,
                    attributes,
                    is_async,
                    span,
                } if !attributes.is_absent => {
                    let kind = ItemKind::Function { is_async };
                    self.annotate(name, attributes, kind, span, None);
                }
                MacroItem::Module {
                    name,
                    attributes,
                    content,
                } if !attributes.is_absent => match content {
                    None => self.declare(name, &attributes, Visibility::Private),
                    Some(content) => {
                        let module =
                            self.new_module(name.clone(), &attributes, Visibility::Private);
                        self.in_module(module, &name, &attributes, |walk| {
                            walk.macro_items(content);
                        });
                    }
                },
                MacroItem::Use(item) => self.visit_item_use(&item),
                MacroItem::Call(path, arguments) => self.call(path, arguments),
                MacroItem::SerialCall(span) => self.serial_call(span),
                _ => {}
            }
        }
        self.is_in_body = is_in_body;
    }

    fn call(&mut self, path: NamePath, arguments: Option<TokenStream>) {
        if harness::may_start(&path) {
            self.items.calls.push(Call {
                module: self.module,
                path,
                arguments,
            });
        }
    }

    fn serial_call(&mut self, span: Span) {
        let name = Some("with_serial".to_owned());
        let attributes = Attributes::of([]);
        self.add(name, attributes, ItemKind::SerialCall, span, None);
    }

    fn annotate(
        &mut self,
        name: Option<String>,
        attributes: Attributes,
        kind: ItemKind,
        keyword: Span,
        declaration: Option<Declaration>,
    ) {
        if !attributes.all.is_empty() {
            self.add(name, attributes, kind, keyword, declaration);
        }
    }

    fn add(
        &mut self,
        name: Option<String>,
        attributes: Attributes,
        kind: ItemKind,
        keyword: Span,
        declaration: Option<Declaration>,
    ) {
        self.items.all.push(Item {
            name,
            module: self.module,
            attributes,
            kind,
            file: self.file.path.clone(),
            line: keyword.start().line,
            declaration,
        });
    }

    fn declaration(&self, visibility: &syn::Visibility, first: Span) -> Declaration {
        let range = match visibility {
            syn::Visibility::Inherited => {
                let start = self.parsed.range(first).start;
                start..start
            }
            visibility => self.parsed.range(visibility.span()),
        };
        let visibility = visibility.into();
        Declaration { visibility, range }
    }

    fn module_of(&self, name: String, attributes: &Attributes, visibility: Visibility) -> Module {
        let parent = &self.items.modules[self.module];
        let is_pymodule = attributes.all.iter().any(Attribute::is_pymodule);
        Module {
            name,
            parent: Some(self.module),
            visibility,
            is_unconditional: parent.is_unconditional && attributes.is_unconditional,
            is_test_only: parent.is_test_only || attributes.is_test_only,
            is_in_pymodule: parent.is_in_pymodule || is_pymodule,
            imports: Vec::new(),
        }
    }

    fn new_module(
        &mut self,
        name: String,
        attributes: &Attributes,
        visibility: Visibility,
    ) -> ModuleId {
        let module = self.module_of(name, attributes, visibility);
        self.items.modules.push(module);
        self.items.modules.len() - 1
    }

    /// Visits the content of `mod name { .. }`, in which even `#[path]` is relative to the module's folder.
    fn in_module(
        &mut self,
        module: ModuleId,
        name: &str,
        attributes: &Attributes,
        visit: impl FnOnce(&mut Self),
    ) {
        let (named, _) = attributes.paths();
        let folder = match named.first() {
            Some(named) => normalize(&self.path_base.join(named)),
            None => self.folder.join(name),
        };
        let outer = (self.module, self.folder.clone(), self.path_base.clone());
        (self.module, self.folder, self.path_base) = (module, folder.clone(), folder);
        visit(self);
        (self.module, self.folder, self.path_base) = outer;
    }

    /// Notes the files of `mod name;`. With `#[cfg_attr(.., path = "..")]` there are several.
    fn declare(&mut self, name: String, attributes: &Attributes, visibility: Visibility) {
        let (named, is_certain) = attributes.paths();
        let named = named
            .iter()
            .map(|file| normalize(&self.path_base.join(file)));
        let mut files: Vec<ModuleFile> = named.map(ModuleFile::with_modules_beside).collect();
        if !is_certain {
            files.extend(ModuleFile::candidates(&self.folder, &name));
        }
        let module = self.module_of(name, attributes, visibility);
        self.declared.push(DeclaredModule { module, files });
    }
}

/// Removes `.` and `..` from a path, so that a file has one path only.
fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if normal.file_name().is_some() => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}
