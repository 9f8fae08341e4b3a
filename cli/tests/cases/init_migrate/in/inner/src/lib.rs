// pyo3_async_runtimes
