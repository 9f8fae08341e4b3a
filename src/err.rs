//! The exception that a panic becomes.

use std::any::Any;

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(
    pyo3_aio,
    RustPanic,
    PyException,
    "A Rust future panicked: raised where Python awaits it. The text is the panic's."
);

/// A panic that was caught.
#[derive(Debug)]
pub(crate) struct Panic {
    text: String,
}

impl Panic {
    /// Takes the text out of what `catch_unwind` caught.
    pub(crate) fn new(payload: Box<dyn Any + Send>) -> Self {
        let text = if let Some(text) = payload.downcast_ref::<&str>() {
            (*text).to_owned()
        } else if let Some(text) = payload.downcast_ref::<String>() {
            text.clone()
        } else {
            "the payload of the panic is not a string".to_owned()
        };
        Self { text }
    }
}

impl From<Panic> for PyErr {
    fn from(panic: Panic) -> Self {
        RustPanic::new_err(format!("rust future panicked: {}", panic.text))
    }
}
