//! `cargo pyo3-async-test`.

fn main() {}
