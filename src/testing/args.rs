//! The command line, for binaries that put their own tests together.

use libtest_async::Arguments;

/// The arguments of a test binary: those of libtest.
///
/// The default selects every test.
#[derive(Debug, Clone, Default)]
pub struct Args(pub(super) Arguments);

/// Reads the arguments of the process.
///
/// `--help` prints the options and ends the process with 0; a wrong argument ends it with libtest's message and 101.
#[must_use]
pub fn parse_args() -> Args {
    Args(Arguments::from_args())
}
