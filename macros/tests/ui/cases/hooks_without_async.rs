//! Functions of `main!` that are not async, or that take arguments.

use pyo3::prelude::*;

fn set_up() -> PyResult<()> {
    Ok(())
}

mod named {
    pyo3_aio::testing::main!(
        setup = super::set_up, //~ the `async` keyword is missing from the function declaration
    );
}

mod closures {
    pyo3_aio::testing::main!(
        setup = || Ok::<(), pyo3::PyErr>(()), //~ the `async` keyword is missing from the function declaration
    );
}

mod arguments {
    pyo3_aio::testing::main!( //~ closure is expected to take 0 arguments
        teardown = async |_py: pyo3::Python<'_>| {},
    );
}

mod outputs {
    pyo3_aio::testing::main!(
        teardown = async || 5, //~ a test cannot return `
    );
}

fn main() {}
