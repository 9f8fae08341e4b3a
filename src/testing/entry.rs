//! The entry point that the attributes `main` call with feature `testing`, on the interpreter that the harness chooses.

use std::process::ExitCode;

use crate::program::entry;
use crate::program::entry::MainOutput;
use crate::runtime::{ContextExt, Runtime};
use crate::testing::run::test_binary;

/// Starts Python as the harness does, since `main` may call [`testing::main`](super::main()), and runs the main function.
///
/// Python starts before the runtime. The harness sets environment variables for the interpreter it has chosen
/// (`interpreter/environment.rs`), which is sound only while the process has no other thread (`std::env::set_var`).
pub fn run<R, F>(prepare: impl FnOnce(), main: F) -> ExitCode
where
    R: Runtime + ContextExt,
    F: Future<Output: MainOutput> + Send + 'static,
{
    test_binary::initialize();
    entry::run::<R, F>(prepare, main)
}
