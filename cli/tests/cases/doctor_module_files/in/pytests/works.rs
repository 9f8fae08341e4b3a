//! Its tests are in other files.

mod harness;
#[path = "parts/first.rs"]
mod one;
#[cfg_attr(unix, path = "parts/unix.rs")]
#[cfg_attr(windows, path = "parts/windows.rs")]
mod system;

pyo3_aio::testing::main!(modules = [demo::core, demo::more::part]);
