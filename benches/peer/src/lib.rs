//! The Rust side of the comparison: the same functions once for each way to hand a future to Python.
//!
//! `bench.py` imports this module and measures. The conversions are written for both libraries by one macro, so that
//! what differs is the library.

mod completions;
mod conversions;
mod implementations;
mod sources;
mod streams;

use pyo3::prelude::*;

/// Has a submodule for each implementation, with the functions that the workloads call.
#[pymodule]
fn bench_bridge(module: &Bound<'_, PyModule>) -> PyResult<()> {
    completions::add_to(module)?;
    implementations::into_coroutine::add_to(module)?;
    implementations::future_into_py::add_to(module)?;
    implementations::peer::add_to(module)?;
    #[cfg(feature = "streams")]
    streams::ours::add_to(module)?;
    streams::peer::add_to(module)
}
