//! The rooms of each crate: which module may use which. CONTRIBUTING.md explains them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// The top-level modules of a crate, lowest first. A module uses only what stands on an earlier line, or on its own.
type Ranks = &'static [&'static [&'static str]];

const CRATES: &[(&str, Ranks)] = &[
    (
        "src",
        &[
            &["err", "panic", "cancel", "task_locals"],
            &["python", "instrument"],
            &["bridge"],
            &["convert"],
            &["runtime"],
            &["program"],
            &["generic", "tokio", "async_std", "smol"],
            &["testing"],
        ],
    ),
    (
        "harness/src",
        &[
            &["block_on", "oneshot", "process", "unwind"],
            &["args", "capture", "trial"],
            &["event", "shared"],
            &["job", "plan"],
            &["isolate", "report"],
            &["schedule"],
            &["run"],
            // What the macros expand to.
            &["macros"],
        ],
    ),
    (
        "cli/src",
        &[
            &["runtime"],
            &["cli"],
            &["shell"],
            &["environment"],
            &["project"],
            &["plan"],
            &["apply"],
            &["commands"],
        ],
    ),
    // Few enough to have no rooms.
    ("macros/src", &[]),
];

/// A module by its names from the crate's root, which is the empty one.
type Module = Vec<String>;

/// For each module, those that it takes something from.
type Uses = BTreeMap<Module, BTreeSet<Module>>;

#[test]
fn modules_use_only_rooms_of_earlier_lines() {
    let mut violations = Vec::new();
    for (folder, ranks) in CRATES {
        for (module, used) in uses_in(folder) {
            violations.extend(
                used.iter()
                    .filter_map(|used| violation(ranks, &module, used)),
            );
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

#[test]
fn no_modules_use_each_other_in_a_circle() {
    let circles: Vec<_> = CRATES
        .iter()
        .filter_map(|(folder, _)| circle(&uses_in(folder)))
        .collect();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn a_use_of_a_later_line_is_noticed() {
    let ranks: Ranks = &[&["low", "beside"], &["high"]];
    let violation =
        |module: &str, used: &str| violation(ranks, &[module.to_owned()], &[used.to_owned()]);
    assert_eq!(violation("high", "low"), None);
    assert_eq!(violation("low", "beside"), None);
    assert_eq!(
        violation("low", "high").unwrap(),
        "`low` uses `high`, whose line comes later"
    );
    assert_eq!(violation("new", "low").unwrap(), "`new` has no rank");
}

#[test]
fn a_circle_is_noticed() {
    let module = |name: &str| vec![name.to_owned()];
    let mut uses = Uses::new();
    uses.insert(module("a"), BTreeSet::from([module("b")]));
    uses.insert(module("b"), BTreeSet::from([module("c")]));
    assert_eq!(circle(&uses), None);
    uses.insert(module("c"), BTreeSet::from([module("b")]));
    assert_eq!(circle(&uses).unwrap(), "b uses c uses b");
}

#[test]
fn paths_are_found_wherever_they_stand() {
    let text = "use super::sibling::Name; use crate::{a::A, b};
        pub use crate::re_exported::Name;
        fn f() -> crate::returned::Type { macro_call!($crate::in_macro::x, crate::also::y) }
        mod inner { use super::Own; }
        #[cfg(test)] mod tests { use crate::in_tests::X; }";
    let found = paths(text, &["room".to_owned(), "file".to_owned()]);
    let found: Vec<_> = found.iter().map(|path| path.join("::")).collect();
    let expected = [
        "room::sibling::Name",
        "a::A",
        "b",
        "returned::Type",
        "in_macro::x",
        "also::y",
        "room::file::Own",
    ];
    assert_eq!(found, expected);
}

/// Says what is wrong with the use of a module by another one.
fn violation(ranks: Ranks, module: &[String], used: &[String]) -> Option<String> {
    let rank = |module: &[String]| {
        let room = module.first()?;
        ranks.iter().position(|line| line.contains(&room.as_str()))
    };
    if ranks.is_empty() || module.is_empty() {
        return None;
    }
    let Some(own) = rank(module) else {
        return Some(format!("`{}` has no rank", module.join("::")));
    };
    let is_above = rank(used).is_some_and(|used| used > own);
    is_above.then(|| {
        let (module, used) = (module.join("::"), used.join("::"));
        format!("`{module}` uses `{used}`, whose line comes later")
    })
}

/// Finds a circle, the first module of which comes first in the alphabet.
fn circle(uses: &Uses) -> Option<String> {
    for module in uses.keys() {
        let mut seen = BTreeSet::new();
        let mut next = vec![vec![module]];
        while let Some(way) = next.pop() {
            for used in way
                .last()
                .and_then(|last| uses.get(*last))
                .into_iter()
                .flatten()
            {
                let way: Vec<_> = way.iter().copied().chain([used]).collect();
                if used == module {
                    let names: Vec<_> = way.iter().map(|module| module.join("::")).collect();
                    return Some(names.join(" uses "));
                }
                if seen.insert(used) {
                    next.push(way);
                }
            }
        }
    }
    None
}

/// Reads the sources of a crate. A module and the folder that it stands in count as one: neither uses the other.
fn uses_in(folder: &str) -> Uses {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = files(&root);
    let modules: BTreeSet<Module> = files.iter().map(|file| module_of(file, &root)).collect();
    assert!(modules.len() > 1, "{folder} has sources");
    let mut uses = Uses::new();
    for file in &files {
        let text = fs::read_to_string(file).expect("sources are text");
        let module = module_of(file, &root);
        let paths = paths(&text, &module);
        let used = paths
            .iter()
            .filter_map(|path| longest_known(path, &modules));
        let others = used.filter(|used| !module.starts_with(used) && !used.starts_with(&module));
        uses.entry(module.clone()).or_default().extend(others);
    }
    uses
}

/// Finds the paths in a source text that begin with `crate` or `super`, as paths from the root.
fn paths(text: &str, module: &[String]) -> Vec<Module> {
    let parsed = syn::parse_file(text).expect("sources parse");
    let mut paths = Paths {
        inside: module.to_vec(),
        found: Vec::new(),
    };
    paths.visit_file(&parsed);
    paths.found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("its entries are too").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// `bridge/queue.rs` and `bridge/queue/mod.rs` are both `bridge::queue`.
fn module_of(file: &Path, root: &Path) -> Module {
    let inside = file
        .strip_prefix(root)
        .expect("files are listed under the root")
        .with_extension("");
    let mut names: Module = inside
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    if names
        .last()
        .is_some_and(|last| ["mod", "lib", "main"].contains(&last.as_str()))
    {
        names.pop();
    }
    names
}

fn longest_known(path: &[String], modules: &BTreeSet<Module>) -> Option<Module> {
    (1..=path.len())
        .rev()
        .map(|length| path[..length].to_vec())
        .find(|module| modules.contains(module))
}

struct Paths {
    inside: Module,
    found: Vec<Module>,
}

impl Paths {
    fn add(&mut self, names: &[String]) {
        let from_root = match names.first().map(String::as_str) {
            Some("crate") => names[1..].to_vec(),
            Some("super") => {
                let up = names.iter().take_while(|name| *name == "super").count();
                let above = self.inside.len().saturating_sub(up);
                [&self.inside[..above], &names[up..]].concat()
            }
            _ => return,
        };
        self.found.push(from_root);
    }

    fn add_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |name: &proc_macro2::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.add(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.add(before),
            syn::UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|tree| self.add_tree(before, tree)),
        }
    }

    /// Finds paths in the tokens of a macro.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Module = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) if path.is_empty() || colons == 2 => {
                    path.push(name.to_string())
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => {
                    colons += 1;
                    continue;
                }
                other => {
                    self.add(&std::mem::take(&mut path));
                    match other {
                        TokenTree::Ident(name) => path.push(name.to_string()),
                        TokenTree::Group(group) => self.add_tokens(group.stream()),
                        _ => {}
                    }
                }
            }
            colons = 0;
        }
        self.add(&path);
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let is_test = |attribute: &syn::Attribute| {
            attribute.path().is_ident("cfg")
                && attribute
                    .parse_args::<syn::Ident>()
                    .is_ok_and(|name| name == "test")
        };
        if module.content.is_none() || module.attrs.iter().any(is_test) {
            return;
        }
        self.inside.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.inside.pop();
    }

    /// A re-export gives a name to what stands elsewhere, and uses nothing.
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if matches!(item.vis, syn::Visibility::Inherited) {
            self.add_tree(&[], &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Module = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        self.add(&names);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        self.add_tokens(called.tokens.clone());
    }
}
