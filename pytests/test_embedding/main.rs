//! Tests of a crate are linked, started and run by the right Python, whatever the environment and the features.
//!
//! A crate that has tests of every kind is built by a cargo of its own, in a clean environment. That takes minutes, so these tests have a
//! binary that can be left out.
#![cfg_attr(
    target_os = "linux",
    expect(clippy::unwrap_used, reason = "these are tests")
)]

#[cfg(target_os = "linux")]
mod environments;
#[cfg(target_os = "linux")]
mod features;
#[cfg(target_os = "linux")]
mod krate;
#[cfg(target_os = "linux")]
mod loader;
#[cfg(target_os = "linux")]
mod pythons;

pyo3_aio::testing::main!();
