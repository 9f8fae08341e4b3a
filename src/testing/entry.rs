//! The entry point that the `#[main]` attributes expand to, with the interpreter that the harness chooses.

use std::process::ExitCode;

use crate::program::entry;
use crate::program::entry::MainOutput;
use crate::runtime::{ContextExt, Runtime};
use crate::testing::run::test_binary;

/// Starts Python as the harness does, since `main` may call [`testing::main`](super::main()), and runs the main function.
///
/// Python comes before the runtime: the environment of the process is changed to agree with the interpreter, which is
/// sound only while the process has no other thread.
pub fn run<R, F>(prepare: impl FnOnce(), main: F) -> ExitCode
where
    R: Runtime + ContextExt,
    F: Future<Output: MainOutput> + Send + 'static,
{
    test_binary::initialize();
    entry::run::<R, F>(prepare, main)
}
