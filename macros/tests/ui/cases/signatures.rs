//! A test is a plain function.

use pyo3::prelude::*;

#[pyo3_aio::tokio::test]
fn generic<T: Default>() {} //~ a test cannot be generic: its type parameters cannot be inferred

#[pyo3_aio::tokio::test]
async fn takes_the_loop(event_loop: Py<PyAny>) {} //~ an async test takes no arguments

#[pyo3_aio::tokio::test]
fn takes_more(event_loop: Py<PyAny>, more: u8) {} //~ a test takes at most one argument

#[pyo3_aio::tokio::test]
fn lacks_async() -> impl Future<Output = ()> { //~ a test returns nothing
    async {}
}

#[pyo3_aio::tokio::test]
fn awaits() {
    std::future::ready(()).await; //~ `await` is only allowed inside `async` functions
}

#[pyo3_aio::tokio::test(timeuot = "5s")] //~ unknown argument `timeuot`
fn misspelt() {}

#[pyo3_aio::tokio::test("misspelt")] //~ an argument begins with its name, as in `timeout = "5s"`
fn lacks_a_name() {}

#[pyo3_aio::tokio::test(timeout = 5)] //~ must be a string, as in `timeout = "5s"`
fn lacks_a_unit() {}

#[pyo3_aio::tokio::test]
#[test] //~ this is registered twice
fn twice() {}

#[pyo3_aio::tokio::test]
struct NoFunction; //~ only functions can have this attribute

fn main() {}
