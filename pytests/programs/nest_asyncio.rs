//! Event loops that `nest_asyncio` has run within themselves.

use pyo3::prelude::*;
use pyo3_aio::testing::skip;

use crate::programs::{all_end_well, ends_with, run};
use crate::python::require;

#[pyo3_aio::tokio::test]
fn nest_asyncio_runs_everything_within_everything() {
    require("nest_asyncio");
    let file = Python::attach(|py| py.import("nest_asyncio")?.filename()?.extract::<String>());
    let file = file.unwrap();
    let (folder, _) = file.rsplit_once('/').unwrap_or((".", &file));
    let alone = format!(
        "
import asyncio, sys
sys.path.append({folder:?})
import nest_asyncio
nest_asyncio.apply()
async def main():
    return asyncio.run(asyncio.wait_for(asyncio.sleep(0, 1), 10))
assert asyncio.run(main()) == 1
"
    );
    if !run(&alone).0.success() {
        // nest_asyncio 1.6 replaces functions of asyncio that Python 3.14 does not have any more.
        skip!("nest_asyncio does not work on this Python");
    }
    let program = format!(
        "
import asyncio, sys
sys.path.append({folder:?})
import extension, nest_asyncio
nest_asyncio.apply()
async def inner():
    assert await extension.sleep(0.001) == 0.001
    async for number in extension.tick(0.001):
        return number
async def main():
    assert await extension.ready() == 1
    assert asyncio.run(inner()) == 1
    assert extension.run(0.001) == 0.001
    assert asyncio.get_event_loop().run_until_complete(extension.start_sleep(0.001)) == 0.001
    assert await extension.call(inner) == 1
    assert asyncio.run(extension.sleep(0.001)) == 0.001
asyncio.run(asyncio.wait_for(main(), 20))
"
    );
    all_end_well(&program);
}

#[pyo3_aio::tokio::test]
fn without_it_run_refuses_to_run_within_a_loop() {
    ends_with(
        0,
        "
import asyncio, extension
async def main():
    try:
        extension.run(0.001)
    except RuntimeError as error:
        assert 'running event loop' in str(error)
    else:
        assert False
asyncio.run(main())
",
    );
}
