#[py::pymodule]
mod demo {}
