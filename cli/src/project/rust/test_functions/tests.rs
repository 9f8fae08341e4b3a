//! The spellings of test attributes.

use super::{SourceTree, TestFunctions, TestLocation};

fn find(files: &[(&str, &str)]) -> TestFunctions {
    SourceTree::of_texts(files).test_functions(&["pyo3_aio".to_owned()])
}

fn find_in(text: &str) -> TestFunctions {
    find(&[("lib.rs", text)])
}

/// The numbers of tests of pyo3-aio and of libtest's.
fn count(text: &str) -> (usize, usize) {
    let found = find_in(text);
    (found.own.len(), found.plain.len())
}

fn lines(tests: &[TestLocation]) -> Vec<(usize, &str)> {
    let tests = tests.iter();
    tests
        .map(|test| (test.line, test.name.as_deref().unwrap_or("?")))
        .collect()
}

#[test]
fn libtest_s_own_attribute_and_those_that_expand_to_it_are_plain() {
    for plain in [
        "test",
        "tokio::test",
        "tokio::test(flavor = \"multi_thread\")",
        "::core::prelude::v1::test",
        "test_log::test",
        "test_log::test(tokio::test)",
        "rstest",
        "rstest::rstest",
        "gtest",
        "googletest::test",
        "test_attr(tokio::test)",
        "test_case(1; \"one\")",
        "cfg_attr(unix, inline, test)",
        "cfg_attr(all(), cfg_attr(unix, test))",
        "bench",
    ] {
        assert_eq!(
            count(&format!("#[{plain}] async fn t() {{}}")),
            (0, 1),
            "{plain}"
        );
    }
}

#[test]
fn those_of_this_library_are_its_own_under_every_name() {
    for (own, uses) in [
        ("pyo3_aio::tokio::test", ""),
        ("::pyo3_aio::smol::test(timeout = \"5s\")", ""),
        ("test", "use pyo3_aio::tokio::test;"),
        ("ptest", "use pyo3_aio::tokio::test as ptest;"),
        ("py::test", "use pyo3_aio::smol as py;"),
        ("test", "use pyo3_aio::smol as py; use py::test;"),
        ("test", "use pyo3_aio::tokio::*;"),
        ("py::tokio::test", "extern crate pyo3_aio as py;"),
        ("cfg_attr(unix, pyo3_aio::tokio::test)", ""),
        ("test_log::test(pyo3_aio::tokio::test)", ""),
        (
            "logged(py::test(timeout = \"5s\"))",
            "use test_log::test as logged; use pyo3_aio::tokio as py;",
        ),
        ("cfg_attr(unix, test_log::test(pyo3_aio::tokio::test))", ""),
        ("test_attr(pyo3_aio::tokio::test)", ""),
        ("test_attr(ptest)", "use pyo3_aio::tokio::test as ptest;"),
    ] {
        assert_eq!(
            count(&format!("{uses} #[{own}] async fn t() {{}}")),
            (1, 0),
            "{own}"
        );
        assert_eq!(
            count(&format!("{uses} #[{own}] fn t() {{}}")),
            (1, 0),
            "{own}"
        );
    }
    let uses = "use pyo3_aio::tokio;";
    assert_eq!(count(&format!("{uses} #[tokio::test] fn t() {{}}")), (1, 0));
    assert_eq!(
        count(&format!("{uses} #[::tokio::test] fn t() {{}}")),
        (0, 1)
    );
}

#[test]
fn names_are_followed_through_modules_and_re_exports() {
    for own in [
        "mod prelude { pub use pyo3_aio::tokio::test; } use prelude::*; #[test] fn t() {}",
        "mod prelude { pub use pyo3_aio::tokio as rt; } mod m { use crate::prelude::rt; #[rt::test] fn t() {} }",
        "mod a { pub mod b { pub use pyo3_aio::smol::test as it; } pub use b::it; } #[a::it] fn t() {}",
        "use pyo3_aio::tokio::test; mod m { use super::*; mod n { use super::*; #[test] fn t() {} } }",
        "mod m { pub use super::rt; } use pyo3_aio::tokio as rt; #[crate::m::rt::test] fn t() {}",
        "mod a { pub use super::b::*; } mod b { pub use super::a::*; pub use pyo3_aio::tokio::test; }\n\
         use a::*; #[test] fn t() {}",
        "fn f() { use pyo3_aio::tokio::test; #[test] fn t() {} }",
    ] {
        assert_eq!(count(own), (1, 0), "{own}");
    }
    for plain in [
        "use pyo3_aio::tokio::test as it; mod m { #[test] fn t() {} }",
        "use pyo3_aio::tokio; mod m { #[tokio::test] fn t() {} }",
        "mod tokio { pub use other::test; } #[tokio::test] fn t() {}",
        "use tokio::tokio; #[tokio::test] fn t() {}",
        "use b::c; use c::b; #[b::test] fn t() {}",
    ] {
        assert_eq!(count(plain), (0, 1), "{plain}");
    }
}

#[test]
fn a_module_file_takes_names_from_the_file_above() {
    let test = "#[test] fn t() {}\n#[ptest] fn u() {}";
    let found = find(&[
        (
            "lib.rs",
            "use pyo3_aio::tokio::test; use pyo3_aio::smol::test as ptest; mod a; mod b;",
        ),
        ("a.rs", &format!("use super::*; {test}")),
        ("b.rs", test),
    ]);
    assert_eq!((found.own.len(), found.plain.len()), (2, 1));
}

#[test]
fn attributes_that_make_tests_leave_that_to_those_of_this_library() {
    let own = "#[pyo3_aio::tokio::test]";
    for other in [
        "rstest",
        "gtest",
        "test_log::test",
        "googletest::test",
        "serial",
    ] {
        for function in ["async fn", "fn"] {
            let above = format!("#[{other}] #[case(1)] {own} {function} t() {{}}");
            let below = format!("{own} #[{other}] #[case(1)] {function} t() {{}}");
            assert_eq!((count(&above), count(&below)), ((1, 0), (1, 0)), "{other}");
        }
    }
}

/// test-case puts `#[test]` before all attributes that stand below its own.
#[test]
fn sync_functions_below_test_case_never_run() {
    let own = "#[pyo3_aio::tokio::test]";
    for cases in [
        "test_case(1)",
        "test_case::test_case(1)",
        "test_matrix([1])",
    ] {
        let count = |text: &str| count(&text.replace("CASES", cases).replace("OWN", own));
        assert_eq!(
            count("#[CASES] OWN pub async unsafe extern \"C\" fn t(a: u8) {}"),
            (1, 0)
        );
        assert_eq!(count("#[CASES] OWN fn t(a: u8) {}"), (0, 1));
        assert_eq!(count("OWN #[CASES] fn t(a: u8) {}"), (1, 0));
    }
    let found = find_in(&format!("#[test_case(1)]\n{own}\nfn t(a: u8) {{}}"));
    let hint = "t (its attribute belongs above `#[test_case]`)";
    assert_eq!(lines(&found.plain), [(3, hint)]);
}

#[test]
fn other_attributes_make_no_test() {
    for other in [
        "cfg(test)",
        "allow(dead_code)",
        "doc = \"#[test]\"",
        "divan::bench",
        "pytest",
    ] {
        assert_eq!(count(&format!("#[{other}] fn t() {{}}")), (0, 0), "{other}");
    }
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
cfg_if! { if #[cfg(unix)] { mod m { use pyo3_aio::tokio::test; #[test] async fn n() {} } } }
";
    let found = find_in(text);
    let plain = [(2, "top"), (8, "inner"), (12, "in_macro"), (13, "?")];
    assert_eq!(lines(&found.plain), plain);
    assert_eq!(lines(&found.own), [(10, "own"), (14, "n")]);
}

#[test]
fn text_that_only_looks_like_a_test_is_none() {
    let text = "// #[test]\n/* #[test] fn a() {} */\n/// #[test]\nfn documented() {}\n\
                const TEXT: &str = \"#[test] fn b() {}\";\n#[test]\nstruct S;\nfn c() {}\n\
                struct T { #[test] field: fn() }\n#[cfg(not(test))] #[test] fn d() {}\n\
                #[cfg(any())] mod m { #[test] fn e() {} }\n#[cfg_attr(not(test), test)] fn f() {}";
    assert_eq!(count(text), (0, 0));
}

#[test]
fn serial_tests_are_found() {
    let text = "#[pyo3_aio::tokio::test(serial)]\nfn alone() {}\n\
                #[pyo3_aio::tokio::test(timeout = \"5s\", loop = \"uvloop\", serial)]\nfn timed() {}\n\
                #[test_log::test(pyo3_aio::smol::test(serial))]\nfn wrapped() {}\n\
                #[pyo3_aio::tokio::test(raises = \"serial\")]\nfn raises() {}\n\
                #[serial] fn other() {}\n\
                fn main() { Trial::test(\"a\", f)\n.with_serial(true);\nrun(vec![t.with_serial(true)]); }";
    let expected = [
        (2, "alone"),
        (4, "timed"),
        (6, "wrapped"),
        (11, "with_serial"),
        (12, "with_serial"),
    ];
    assert_eq!(lines(&find_in(text).serial), expected);
}
