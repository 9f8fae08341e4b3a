//! The start of a test harness: `testing::main!` and the functions that a `main` of one's own calls.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Expr, Token};

use super::items::{Call, Items, ROOT};
use super::name_path::NamePath;

/// `testing::main!`, with the arguments that it has.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct MainMacro {
    /// The paths in `modules = [..]`: the modules that Python can import in the tests.
    pub(crate) modules: Vec<String>,
}

/// The last two names of the paths that start a harness, this library's or that of pyo3-async-runtimes.
const STARTS: &[[&str; 2]] = &[
    ["testing", "main"],
    ["testing", "test_main"],
    ["testing", "test_harness"],
    ["libtest_async", "main"],
];

/// Whether a path may be that of a function or macro that starts a harness.
pub(super) fn may_start(path: &NamePath) -> bool {
    let last = path.names.last();
    last.is_some_and(|last| STARTS.iter().any(|[_, name]| last == name))
}

impl MainMacro {
    fn read(arguments: TokenStream) -> Self {
        let arguments = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(arguments);
        let modules = arguments.into_iter().flatten().filter_map(modules);
        Self {
            modules: modules.flatten().collect(),
        }
    }
}

/// Reads the paths in `modules = [..]`.
fn modules(argument: Expr) -> Option<Vec<String>> {
    let Expr::Assign(argument) = argument else {
        return None;
    };
    let (Expr::Path(name), Expr::Array(values)) = (*argument.left, *argument.right) else {
        return None;
    };
    name.path.is_ident("modules").then_some(())?;
    let paths = values.elems.iter().filter_map(|value| match value {
        Expr::Path(value) => Some(NamePath::new(&value.path).names.join("::")),
        _ => None,
    });
    Some(paths.collect())
}

fn is_start(path: &[String]) -> bool {
    let is_it = |[module, name]: &[&str; 2]| matches!(path, [.., m, n] if m == module && n == name);
    STARTS.iter().any(is_it)
}

impl Items {
    fn is_harness_call(&self, call: &Call) -> bool {
        is_start(&self.resolve(call.module, &call.path))
    }

    /// Whether the crate starts a harness, or imports what does.
    pub(super) fn starts_harness(&self) -> bool {
        let imports = self.modules.iter().enumerate().flat_map(|(id, module)| {
            let named = module.imports.iter();
            let named = named.filter(|import| import.name.is_some());
            named.map(move |import| (id, &import.path))
        });
        let mut imports = imports.map(|(module, path)| self.resolve(module, path));
        self.calls.iter().any(|call| self.is_harness_call(call))
            || imports.any(|path| is_start(&path))
    }

    /// Finds the `testing::main!` of the root module. Elsewhere its function `main` would not be the program's.
    pub(super) fn main_macro(&self) -> Option<MainMacro> {
        let calls = self.calls.iter();
        let mut calls = calls.filter(|call| call.module == ROOT && self.is_harness_call(call));
        calls.find_map(|call| Some(MainMacro::read(call.arguments.clone()?)))
    }
}

#[cfg(test)]
mod tests {
    use crate::project::rust::SourceTree;

    fn tree(text: &str) -> SourceTree {
        SourceTree::of_texts(&[("lib.rs", text), ("a.rs", "pyo3_aio::testing::main!();")])
    }

    #[test]
    fn a_harness_is_found_in_code_only() {
        for text in [
            "pyo3_aio::testing::main!();",
            "#[cfg(test)]\nrenamed::testing::main!(modules = [m]);",
            "libtest_async::main!(trials());",
            "async fn main() -> PyResult<()> { pyo3_async_runtimes::testing::main().await }",
            "use pyo3_aio::tokio::testing::test_main as start; fn main() { start(\"x\", vec![]) }",
            "use pyo3_aio::testing; fn main() { testing::test_harness(tests, args); }",
            "cfg_if! { if #[cfg(test)] { pyo3_aio::testing::main!(); } }",
        ] {
            assert!(tree(text).starts_harness(), "{text}");
        }
        for text in [
            "// pyo3_aio::testing::main!();",
            "fn main() { let text = \"testing::main\"; }",
            "fn main() { other::main(); }",
            "#[cfg(not(test))] pyo3_aio::testing::main!();",
        ] {
            assert!(!tree(text).starts_harness(), "{text}");
        }
    }

    #[test]
    fn only_the_root_has_the_main_function() {
        assert!(tree("pyo3_aio::testing::main!();").has_main());
        assert!(tree("use pyo3_aio::testing::main; main!();").has_main());
        assert!(tree("fn main() {}").has_main());
        for text in [
            "mod a;",
            "mod m { fn main() {} }",
            "fn f() { fn main() {} }",
            "impl S { fn f() { fn main() {} } }",
            "mod m { pyo3_aio::testing::main!(); }",
        ] {
            assert!(!tree(text).has_main(), "{text}");
        }
    }

    #[test]
    fn the_modules_of_the_macro_are_read() {
        let modules = |arguments: &str| {
            let text = format!("pyo3_aio::testing::main!({arguments});");
            tree(&text).main_macro().unwrap().modules
        };
        assert_eq!(
            modules("modules = [a, crate::b::c], setup = f"),
            ["a", "crate::b::c"]
        );
        assert_eq!(modules("setup = f, teardown = g").len(), 0);
        assert_eq!(modules("").len(), 0);
    }
}
