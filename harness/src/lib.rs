//! A test harness for `harness = false` targets that behaves as Rust's own: the command line, the
//! order, the output and the exit codes are libtest's, byte for byte, and the output of tests is
//! captured, on stable Rust, also with many tests at once. Tests may be async, on any runtime.
//!
//! ```toml
//! [[test]]
//! name = "suite"
//! harness = false
//! ```
//!
//! ```no_run
//! use libtest_async::{Failed, Trial};
//!
//! libtest_async::main!([
//!     Trial::test("adds", || {
//!         assert_eq!(1 + 1, 2);
//!         Ok(())
//!     }),
//!     Trial::async_test("awaits", async {
//!         let text = std::future::ready("5").await;
//!         let number: i32 = text.parse().map_err(|error| Failed::from_debug(&error))?;
//!         assert_eq!(number, 5);
//!         Ok(())
//!     }),
//! ]);
//! ```
//!
//! A test is a thread, which bears its name: async trials are polled there and nowhere else, so
//! that thread-local state holds across awaits. [`Trial::with_block_on`] gives them a runtime.
//!
//! # Output
//!
//! [`main!`] and [`capture!`] make what tests print, through `println!`, handles or C's `write`,
//! part of the test's report, as libtest does with `println!`; see [`mod@capture`] for how, and for
//! what escapes. With a plain `fn main` and without [`capture!`], the texts of panics are captured
//! and everything else passes through.
//!
//! # Before and after the tests
//!
//! [`main!`] takes async functions that run before the first test and after the last one. A
//! [`Shared`] value is opened by the first test that asks for it, and closed after the last one. A [`PerTest`] value is
//! one that each test has for itself, and the tests of a module share a [`PerModule`] value.
//!
//! # Command line
//!
//! Everything that libtest accepts, including what it keeps for nightly, and more: `--isolate`,
//! `--reuse-threads`, `--timeout`, `--retries`, `--last-failed`, `--maxfail`, `--junit`,
//! `--durations`. `--help` has them all; the fields of [`Arguments`] say what they do.
//!
//! # Coming from libtest-mimic
//!
//! Rename the dependency: names, fields and call shapes are those of libtest-mimic 0.8, but for
//! `Arguments::filter`, which is [`Arguments::filters`] here. What changes is what libtest does
//! differently: tests are sorted by name, names are not padded, usage errors exit with 101, a
//! failure's message is shown as `Error: ...`, and trials run on threads of their own, unless
//! [`Arguments::reuse_threads`] is set. With the feature `libtest-mimic` its own trials convert
//! into ours.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod args;
mod block_on;
pub mod capture;
mod event;
mod isolate;
mod job;
mod macros;
mod oneshot;
mod plan;
mod process;
mod report;
mod run;
mod schedule;
mod shared;
mod trial;
mod unwind;

pub use self::args::{
    ArgumentError, Arguments, ColorSetting, FormatSetting, Shard, TagFilter, TagFilterError,
    UnstableFlags,
};
pub use self::event::Conclusion;
pub use self::run::{InterruptibleRun, run, run_interruptible};
pub use self::schedule::Interrupter;
pub use self::shared::{PerModule, PerTest, Shared, close_shared};
pub use self::trial::{BlockOnOutput, Completion, Failed, Measurement, TestFuture, Trial};

/// Parts of the macros and of `pyo3-aio`. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::isolate::{setup_failed, watch_parent};
    pub use crate::process::{ExitGuard, is_worker};
    pub use crate::run::Hooks;
    pub use crate::shared::{
        AsyncFunction, Bind, Close, CloseOwn, Open, SharedError, close_test_values,
    };
}
