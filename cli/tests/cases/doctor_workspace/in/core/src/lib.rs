//! No Python.
