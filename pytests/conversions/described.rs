//! The types that PyO3's introspection shows of functions which the attributes make.

use pyo3::prelude::*;

use crate::runtime;

#[runtime::pyfunction(blocking = "number_sync")]
async fn number() -> PyResult<u8> {
    Ok(1)
}

/// An alias, which no macro sees through.
type Nothing = Result<(), std::num::ParseIntError>;

#[runtime::pyfunction(blocking = "nothing_sync")]
async fn nothing() -> Nothing {
    Ok(())
}

#[runtime::pyfunction(future, blocking = "started_sync")]
async fn started() -> Option<Vec<u8>> {
    None
}

/// Returns the type of what the function returns, as it is in stubs.
fn described<T: IntoPyObject<'static>>(_: impl FnOnce() -> T) -> String {
    // Some versions of PyO3 write the module of builtin types too.
    T::OUTPUT_TYPE.to_string().replace("builtins.", "")
}

#[runtime::test]
fn introspection_shows_coroutines_futures_and_results() {
    let any = "typing.Any, typing.Any";
    assert_eq!(
        described(number),
        format!("collections.abc.Coroutine[{any}, int]")
    );
    assert_eq!(
        described(nothing),
        format!("collections.abc.Coroutine[{any}, None]")
    );
    assert_eq!(described(started), "asyncio.Future[bytes | None]");
    assert_eq!(described(number_sync), "int");
    assert_eq!(described(nothing_sync), "None");
    assert_eq!(described(started_sync), "bytes | None");
}

#[runtime::test]
fn described_functions_do_what_they_are_for() -> PyResult<()> {
    Python::attach(|py| {
        let started = wrap_pyfunction!(started_sync, py)?;
        assert!(started.call0()?.is_none());
        assert_eq!(
            wrap_pyfunction!(number_sync, py)?
                .call0()?
                .extract::<u8>()?,
            1
        );
        assert!(wrap_pyfunction!(nothing_sync, py)?.call0()?.is_none());
        Ok(())
    })
}
