use pyo3_asyncio as aio; // not pyo3_async_runtimes
