//! The reader of Rust source.
//!
//! [`SourceTree::read`] parses the root file of a target with `syn`, follows its `mod` declarations to other files, and
//! collects what the commands ask about: test functions, `#[pymodule]` items, and the start of a test harness. It sees
//! the source before macros are expanded: what a macro generates from tokens that do not stand in the file is unknown to
//! it. Items in the arguments of a macro, as in `proptest! { #[test] fn .. }`, are found.

mod attribute;
mod condition;
mod harness;
mod items;
mod macro_tokens;
mod name_path;
mod names;
mod parse;
mod pymodule;
mod test_functions;
mod tree;
mod walk;

pub(crate) use parse::{ParseError, parse_error};
pub(crate) use pymodule::{Access, PyModule};
pub(crate) use test_functions::{TestFunctions, TestLocation};
pub(crate) use tree::SourceTree;
