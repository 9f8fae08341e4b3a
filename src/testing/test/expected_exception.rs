//! Tests with `raises = "..."`, which pass if they raise an exception of that class, as with `pytest.raises`.

use libtest_async::Failed;
use pyo3::prelude::*;
use pyo3::types::PyType;

use super::failure::TestFailure;
use super::test_output::Outcome;
use crate::testing::source_file::SourceLocation;

/// Checks that a test has raised an exception of the class or of a subclass. The name may have the module before it.
pub(crate) fn check(
    outcome: Outcome,
    class: &str,
    source: Option<SourceLocation>,
) -> Result<(), Failed> {
    let failed = match outcome {
        Ok(()) => return Err(format!("the test did not raise {class}").into()),
        Err(TestFailure::Python(exception))
            if Python::attach(|py| is_instance(py, &exception, class)) =>
        {
            return Ok(());
        }
        Err(failure) => failure.into_failed(source),
    };
    let actual = failed.message().unwrap_or_default();
    Err(format!("{actual}\n\nthe test had to raise {class}").into())
}

fn is_instance(py: Python<'_>, exception: &PyErr, class: &str) -> bool {
    let classes = exception.get_type(py).mro();
    classes.iter().any(|base| {
        base.cast::<PyType>()
            .is_ok_and(|base| has_name(base, class))
    })
}

/// Says whether the class has this name. A name with a module is imported, since a class may be exported by another module
/// than its own: `asyncio.CancelledError` has the `__module__` `asyncio.exceptions`.
fn has_name(class: &Bound<'_, PyType>, name: &str) -> bool {
    let Some((module, short)) = name.rsplit_once('.') else {
        return class.name().is_ok_and(|actual| actual == name);
    };
    let named = class
        .py()
        .import(module)
        .and_then(|module| module.getattr(short));
    named.is_ok_and(|named| named.is(class))
}
