//! Tests of a crate are linked, started and run by the right Python, whatever the environment and the features.
//!
//! A crate that has tests of every kind is built by a cargo of its own, in a clean environment. That takes minutes, so these tests have a
//! binary that can be left out.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod environments;
mod features;
mod krate;
mod loader;
mod pythons;

pyo3_aio::testing::main!();
