//! Tests that interfere with the loop that all of them share.

use std::ffi::CStr;

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Awaits `main()` of a program.
async fn awaits(code: &CStr) -> PyResult<()> {
    let main = Python::attach(|py| {
        let names = PyDict::new(py);
        py.run(c"import asyncio, sys", Some(&names), None)?;
        py.run(code, Some(&names), None)?;
        let main = names.get_item("main")?.expect("the code defines it");
        pyo3_aio::tokio::into_future(main.call0()?)
    })?;
    main.await.map(drop)
}

const EXITS: &CStr = c"
async def main():
    print('before the exit')
    await asyncio.sleep(0)
    sys.exit(7)
";

const WAITS: &CStr = c"
async def main():
    await asyncio.sleep(0.001)
";

#[pyo3_aio::tokio::test]
async fn a_exits() -> PyResult<()> {
    awaits(EXITS).await
}

#[pyo3_aio::tokio::test(loop = "uvloop")]
async fn b_exits_on_another_loop() -> PyResult<()> {
    awaits(EXITS).await
}

#[pyo3_aio::tokio::test]
async fn c_stops_the_loop() -> PyResult<()> {
    awaits(
        c"
async def main():
    asyncio.get_running_loop().stop()
    await asyncio.sleep(0.001)
",
    )
    .await
}

#[pyo3_aio::tokio::test]
async fn d_waits() -> PyResult<()> {
    awaits(WAITS).await
}

#[pyo3_aio::tokio::test(loop = "uvloop")]
async fn e_waits_on_another_loop() -> PyResult<()> {
    awaits(WAITS).await
}

#[pyo3_aio::tokio::test]
async fn f_leaves_a_stubborn_task() -> PyResult<()> {
    awaits(
        c"
async def stubborn():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass
async def main():
    main.task = asyncio.ensure_future(stubborn())
    await asyncio.sleep(0)
",
    )
    .await
}

/// Its exception holds the frame, and that the coroutine.
#[pyo3_aio::tokio::test]
async fn c_raises_beside_a_coroutine() -> PyResult<()> {
    awaits(
        c"
async def main():
    coroutine = asyncio.sleep(0)
    raise ValueError('the text')
",
    )
    .await
}

#[pyo3_aio::tokio::test(timeout = "500ms")]
async fn g_keeps_the_loop_busy() -> PyResult<()> {
    awaits(
        c"
async def main():
    while True:
        pass
",
    )
    .await
}

/// Passes.
#[pyo3_aio::tokio::test]
fn h_leaves_the_loop_busy(event_loop: Py<PyAny>) -> PyResult<()> {
    Python::attach(|py| {
        let names = PyDict::new(py);
        py.run(WORKS, Some(&names), None)?;
        let work = names.get_item("work")?.expect("the code defines it");
        let event_loop = event_loop.bind(py);
        event_loop.call_method1("call_soon_threadsafe", (work,))?;
        Ok(())
    })
}

const WORKS: &CStr = c"
def work():
    while True:
        pass
";

/// Has a callback raise that is no step of a task.
const CALLS_BACK: &CStr = c"
async def main():
    asyncio.get_running_loop().call_soon(sys.exit, 7)
    await asyncio.sleep(0.001)
";

#[pyo3_aio::tokio::test]
async fn j_has_a_callback_that_exits() -> PyResult<()> {
    awaits(CALLS_BACK).await
}

#[pyo3_aio::tokio::test]
async fn j_has_a_callback_that_is_interrupted() -> PyResult<()> {
    awaits(
        c"
def raises():
    raise KeyboardInterrupt
async def main():
    asyncio.get_running_loop().call_soon(raises)
    await asyncio.sleep(0.001)
",
    )
    .await
}

#[pyo3_aio::tokio::test(loop = "uvloop")]
async fn k_has_a_callback_that_exits_on_uvloop() -> PyResult<()> {
    awaits(CALLS_BACK).await
}

#[pyo3_aio::tokio::test]
async fn l_leaves_a_callback_that_exits() -> PyResult<()> {
    awaits(
        c"
async def main():
    asyncio.get_running_loop().call_later(0.01, sys.exit, 0)
",
    )
    .await
}

#[pyo3_aio::tokio::test]
async fn l_runs_meanwhile() -> PyResult<()> {
    awaits(
        c"
async def main():
    await asyncio.sleep(0.1)
",
    )
    .await
}

/// Looks at what the harness does on the main thread to tell Ctrl-C from this exception.
#[cfg(unix)]
#[pyo3_aio::tokio::test]
async fn i_is_watched_all_the_time() -> PyResult<()> {
    let raised = awaits(
        c"
import signal
descriptors = []
set_wakeup_fd = signal.set_wakeup_fd
def spy(descriptor, **options):
    descriptors.append(descriptor)
    return set_wakeup_fd(descriptor, **options)

async def main():
    signal.set_wakeup_fd = spy
    sys.modules['spied_descriptors'] = descriptors
    await asyncio.sleep(0)
    raise KeyboardInterrupt
",
    )
    .await;
    assert!(raised.is_err());
    awaits(
        c"
async def main():
    descriptors = sys.modules.pop('spied_descriptors')
    assert descriptors and -1 not in descriptors, descriptors
",
    )
    .await
}

mod interrupts {
    use pyo3::prelude::*;

    use super::{WAITS, awaits};

    #[pyo3_aio::tokio::test]
    async fn a_raises_keyboard_interrupt() -> PyResult<()> {
        awaits(
            c"
async def main():
    print('before the interrupt')
    await asyncio.sleep(0)
    raise KeyboardInterrupt('from a coroutine')
",
        )
        .await
    }

    #[pyo3_aio::tokio::test]
    async fn b_waits() -> PyResult<()> {
        awaits(WAITS).await
    }
}

mod exit {
    use pyo3::prelude::*;

    /// Fails, and leaves something to Python's exit: on the main thread, into a stream that is flushed.
    #[pyo3_aio::tokio::test]
    fn prints_at_its_exit() -> PyResult<()> {
        Python::attach(|py| {
            let code = c"
import atexit, sys, threading
def print_at_exit():
    assert threading.current_thread() is threading.main_thread()
    print('at the exit', end='')
atexit.register(print_at_exit)
";
            py.run(code, Some(&pyo3::types::PyDict::new(py)), None)
        })?;
        panic!("to be reported");
    }
}
