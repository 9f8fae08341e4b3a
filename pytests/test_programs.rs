//! The example's extension module in Python programs, each of which is a process of its own, and its stub.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

mod programs;
#[cfg_attr(
    not(unix),
    expect(dead_code, reason = "only the tests of forks use all of it")
)]
#[path = "fixtures/python.rs"]
mod python;
mod typing;

pyo3_aio::testing::main!();
