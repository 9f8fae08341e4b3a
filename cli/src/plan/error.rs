//! The reasons for which a plan cannot be made.

use crate::project::{OldPeer, pyo3_versions};

/// The reasons for which a request is refused.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The edition has no `async fn`.
    #[error(
        "package `{0}` is of edition 2015, which has no `async fn`: set `edition = \"2021\"` or later in its Cargo.toml"
    )]
    Edition(String),
    /// pyo3-aio does not work with the package's pyo3.
    #[error(
        "package `{package}` depends on pyo3 `{version}`, and pyo3-aio works with pyo3 {}: \
         change the version in its Cargo.toml (what else to change is at \
         https://pyo3.rs/latest/migration), then run this again",
        pyo3_versions::RANGE
    )]
    Pyo3 {
        /// The package.
        package: String,
        /// The requirement in its manifest.
        version: String,
    },
    /// The package uses a predecessor of pyo3-aio, and an older pyo3 with it.
    #[error(
        "package `{package}` uses {} `{}` with pyo3 `{pyo3}`, and pyo3-aio, which takes the place of {}, works with pyo3 \
         {}: change the version of pyo3 in its Cargo.toml (what else to change is at \
         https://pyo3.rs/latest/migration), then run `cargo pyo3-async-test init --migrate`, which renames the \
         dependency and its paths", peer.package, peer.version, peer.package, pyo3_versions::RANGE
    )]
    OldPeerAndPyo3 {
        /// The package.
        package: String,
        /// The predecessor.
        peer: OldPeer,
        /// The requirement for pyo3.
        pyo3: String,
    },
    /// The package's predecessor of pyo3-aio needs an older pyo3 than pyo3-aio does.
    #[error(
        "package `{package}` uses {} `{}`, which links an older pyo3 than pyo3-aio does, and cargo links only one: \
         run `cargo pyo3-async-test init --migrate`, which puts pyo3-aio in its place", peer.package, peer.version
    )]
    OldPeer {
        /// The package.
        package: String,
        /// The predecessor.
        peer: OldPeer,
    },
    /// `--lib` for a package without a library.
    #[error("package `{0}` has no library for `--lib` to test: leave `--lib` out")]
    NoLibrary(String),
    /// The library has tests that would not run any more.
    #[error(
        "package `{package}` has tests in its library that only libtest runs; with `--lib` \
         they would never run:{tests}\n\ngive each `{attribute}`, in place of `#[test]` or \
         above `#[rstest]` and `#[test_case]`, or move them to files in tests/, then run this again"
    )]
    PlainTests {
        /// The package.
        package: String,
        /// A line for each test.
        tests: String,
        /// The attribute that lets them run.
        attribute: String,
    },
    /// The root file of the library has a syntax error.
    #[error(
        "cannot parse `{path}` ({reason}), to which `--lib` adds `testing::main!`: correct it and run this again; \
         nothing was written"
    )]
    Unparsable {
        /// The file.
        path: String,
        /// The position and the parser's message.
        reason: String,
    },
    /// The workspace's manifest declares the dependency, and only the package's manifest can be changed.
    #[error(
        "package `{package}` takes {peer} from its workspace: write \
         `pyo3-aio = {keys}` in place of {peer} in `[workspace.dependencies]` and \
         in the members, then run this again"
    )]
    Inherited {
        /// The package.
        package: String,
        /// The package that pyo3-aio replaces.
        peer: String,
        /// The new dependency.
        keys: String,
    },
    /// The test's file exists, and no test harness would start in it.
    #[error(
        "`{path}` exists, and has no `testing::main!`, so that with `harness = false` nothing in it would run: {solution}"
    )]
    NoHarness {
        /// The file.
        path: String,
        /// What the command can do instead.
        solution: &'static str,
    },
    /// The name is in use.
    #[error("a test target `{name}` exists already, in `{path}`: choose another name")]
    NameTaken {
        /// The name.
        name: String,
        /// Its file.
        path: String,
    },
}
