//! Python's main thread is the main thread of the process, and the event loop has it: signals, subprocesses and servers
//! work in a test as they do in a program.

use std::ffi::CStr;

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Awaits what `main` of some Python code gives.
async fn run(code: &'static CStr) -> PyResult<()> {
    let main = Python::attach(|py| {
        let names = PyDict::new(py);
        py.run(c"import asyncio, sys", Some(&names), None)?;
        py.run(code, Some(&names), None)?;
        let main = names.get_item("main")?.expect("the code defines it");
        pyo3_aio::tokio::into_future(main.call0()?)
    })?;
    main.await.map(drop)
}

#[pyo3_aio::tokio::test(timeout = "1m")]
async fn the_loop_handles_signals() -> PyResult<()> {
    run(c"
import os, signal
async def main():
    loop = asyncio.get_running_loop()
    handled = asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, handled.set)
    os.kill(os.getpid(), signal.SIGUSR1)
    await handled.wait()
    assert loop.remove_signal_handler(signal.SIGUSR1)
")
    .await
}

#[pyo3_aio::tokio::test(timeout = "1m")]
async fn python_s_own_signal_handlers_are_called() -> PyResult<()> {
    run(c"
import os, signal, threading
async def main():
    assert threading.current_thread() is threading.main_thread()
    handled = []
    former = signal.signal(signal.SIGUSR2, lambda number, frame: handled.append(number))
    os.kill(os.getpid(), signal.SIGUSR2)
    while not handled:
        await asyncio.sleep(0)
    assert handled == [signal.SIGUSR2]
    signal.signal(signal.SIGUSR2, former)
")
    .await
}

#[pyo3_aio::tokio::test(timeout = "1m")]
async fn subprocesses_are_awaited() -> PyResult<()> {
    run(c"
async def main():
    child = await asyncio.create_subprocess_exec(
        sys.executable, '-c', 'import sys; print(sys.stdin.read() * 2); sys.exit(7)',
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    output, _ = await child.communicate(b'text')
    assert output == b'texttext\\n', output
    assert child.returncode == 7
")
    .await
}

#[pyo3_aio::tokio::test(timeout = "1m")]
async fn get_event_loop_gives_the_loop_that_runs() -> PyResult<()> {
    run(c"
async def main():
    assert asyncio.get_event_loop() is asyncio.get_running_loop()
    called = asyncio.get_running_loop().create_future()
    # What a callback asks for is found without a task around it.
    asyncio.get_event_loop().call_soon(lambda: called.set_result(asyncio.get_event_loop()))
    assert await called is asyncio.get_running_loop()
")
    .await
}

#[pyo3_aio::tokio::test(timeout = "1m")]
async fn servers_and_clients_talk_on_the_loop() -> PyResult<()> {
    run(c"
async def main():
    async def serve(reader, writer):
        writer.write((await reader.readline()).upper())
        writer.close()
    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(b'question\\n')
    assert await reader.read() == b'QUESTION\\n'
    writer.close()
    server.close()
    await server.wait_closed()
")
    .await
}

/// The set-up finds the loop that runs, on the main thread.
pub(crate) async fn set_up() -> PyResult<()> {
    run(c"
import threading
async def main():
    assert threading.current_thread() is threading.main_thread()
    sys.loop_of_the_tests = asyncio.get_running_loop()
")
    .await
}

#[pyo3_aio::tokio::test(timeout = "1m")]
async fn the_set_up_had_the_same_loop() -> PyResult<()> {
    run(c"
async def main():
    assert sys.loop_of_the_tests is asyncio.get_running_loop()
")
    .await
}
