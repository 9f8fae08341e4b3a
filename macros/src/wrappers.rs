//! Attributes of other crates that make tests, and whether they can stand beside this one.

use syn::{Attribute, Error, Path};

/// Attributes that replace their function by others with the same attributes.
const WRAPPERS: &[&str] = &["gtest", "rstest", "test_case", "test_matrix"];

/// The crates whose `test` attribute leaves the registration to another one on the same function.
const WRAPPING_CRATES: &[&str] = &["googletest", "test_log"];

/// The crates, and the modules of this library, whose `test` attribute registers the function.
const HARNESSES: &[&str] = &[
    "actix_rt",
    "actix_web",
    "async_std",
    "ntex",
    "smol",
    "smol_potat",
    "tokio",
];

/// Whether the attribute has to stand above this one to work with it.
pub(crate) fn is_wrapper(attribute: &Attribute) -> bool {
    match names(attribute.path()) {
        (Some(owner), name) if name == "test" => WRAPPING_CRATES.contains(&owner.as_str()),
        (_, name) => WRAPPERS.contains(&name.as_str()),
    }
}

/// Whether the attribute is one of test-case's.
pub(crate) fn is_test_case(attribute: &Attribute) -> bool {
    matches!(
        names(attribute.path()).1.as_str(),
        "test_case" | "test_matrix"
    )
}

/// Whether the attribute is libtest's `#[test]`, or that of any other harness: those have the same last name.
pub(crate) fn is_test(attribute: &Attribute) -> bool {
    names(attribute.path()).1 == "test" && !is_generated_test(attribute)
}

/// Whether it is `#[core::prelude::v1::test]`, which macros write on functions that they leave to libtest.
pub(crate) fn is_generated_test(attribute: &Attribute) -> bool {
    let segments = attribute.path().segments.iter();
    let segments: Vec<String> = segments.map(|segment| segment.ident.to_string()).collect();
    matches!(
        segments
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .as_slice(),
        ["core" | "std", "prelude", _, "test"]
    )
}

/// The error for a function with another attribute that registers it.
pub(crate) fn second_test(attribute: &Attribute) -> Error {
    let message = match names(attribute.path()).0.as_deref() {
        None => {
            "this is registered twice: remove `#[test]`, which would run it without Python (if it is \
             test_log's, write `#[test_log::test]`; if rstest has added it, write this attribute as \
             `#[test_attr(..)]`)"
                .to_owned()
        }
        Some(owner) if HARNESSES.contains(&owner) => {
            "this is registered twice: remove one of its `test` attributes".to_owned()
        }
        Some("sqlx") => {
            "this is registered twice: remove `#[sqlx::test]`, which starts a runtime of its own, and \
             open the pool in the test"
                .to_owned()
        }
        Some(owner) => format!(
            "this is registered twice: remove one of its `test` attributes, or have one wrap the other, \
             as in `#[{owner}::test(pyo3_aio::tokio::test)]`"
        ),
    };
    Error::new_spanned(attribute, message)
}

/// The last name of a path, and the one before it.
fn names(path: &Path) -> (Option<String>, String) {
    let mut names = path.segments.iter().rev();
    let mut next = || names.next().map(|segment| segment.ident.to_string());
    let last = next().unwrap_or_default();
    (next(), last)
}
