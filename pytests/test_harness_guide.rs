//! The form of pyo3-asyncio's guide: tests put together by hand, and a `main` that runs them.

use std::thread;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3_aio::testing::Test;
use pyo3_aio::{async_std as aio, tokio as other};

fn main() {
    aio::testing::test_main(
        "Guide",
        vec![
            Test::new_async("sleeps_asynchronously".into(), async {
                let sleep = Python::attach(|py| {
                    let asyncio = py.import("asyncio")?;
                    aio::into_future(asyncio.call_method1("sleep", (1,))?)
                })?;
                sleep.await?;
                Ok(())
            }),
            aio::testing::new_sync_test("sleeps_synchronously".into(), || {
                thread::sleep(Duration::from_secs(1));
                Ok(())
            }),
            other::testing::new_sync_test("has_a_runtime_of_its_own".into(), || {
                tokio::runtime::Handle::current().block_on(async { Ok(()) })
            }),
        ],
    );
}
