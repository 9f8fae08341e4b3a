//! The place of a panic, which stands behind its text.

use pyo3::prelude::*;
use pyo3_aio::err::RustPanic;

use crate::conversions::awaited;
use crate::fixtures::python::function;
use crate::runtime;

#[runtime::test]
async fn a_panic_is_raised_with_its_place() {
    let code = c"async def main(f): await f()";
    for coroutine in [false, true] {
        let error = awaited(code, "main", |py| {
            function(py, move |py| {
                let future = async { panic!("the text") };
                if coroutine {
                    runtime::into_coroutine::<_, ()>(py, future)
                } else {
                    runtime::future_into_py::<_, ()>(py, future)
                }
            })
        });
        let error = error.await.unwrap_err();
        Python::attach(|py| assert!(error.is_instance_of::<RustPanic>(py), "{error}"));
        let text = error.to_string();
        let expected = format!("the text ({}:", file!());
        assert!(text.contains(&expected) && text.ends_with(')'), "{text}");
    }
}
