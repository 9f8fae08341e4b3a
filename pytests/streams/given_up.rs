//! Rust streams whose items Python gives up while it waits for them.

use std::ffi::CStr;
use std::sync::{Mutex, mpsc};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use pyo3::prelude::*;
use pyo3_aio::err::RustPanic;

use crate::fixtures::drops::Drops;
use crate::fixtures::joins::{Joins, is_joined};
use crate::fixtures::python::{call, function, python};
use crate::runtime;
use crate::streams::FromFn;
use crate::streams::to_python::with_channel;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Tells when the runtime polls a stream, and lets that poll go on.
struct Gate {
    polled: mpsc::Receiver<()>,
    go_on: mpsc::Sender<()>,
}

impl Gate {
    /// The two as functions for Python; the first waits.
    fn functions(self, py: Python<'_>) -> PyResult<[Bound<'_, PyAny>; 2]> {
        let polled = Mutex::new(self.polled);
        let polled = function(py, move |py| {
            py.detach(|| polled.lock().unwrap().recv_timeout(TIMEOUT).unwrap());
            Ok(py.None().into_bound(py))
        })?;
        let go_on = self.go_on;
        let go_on = function(py, move |py| {
            go_on.send(()).unwrap();
            Ok(py.None().into_bound(py))
        })?;
        Ok([polled, go_on])
    }
}

/// A stream that is pending at first, and behind a gate when it is polled again.
fn gated<F>(then: F) -> (impl Stream<Item = PyResult<usize>> + Send + 'static, Gate)
where
    F: FnMut() -> Option<PyResult<usize>> + Send + Unpin + 'static,
{
    let (tell, polled) = mpsc::channel();
    let (go_on, told) = mpsc::channel();
    let (mut is_first, mut then) = (true, then);
    let stream = FromFn::new(move |cx: &mut Context<'_>| {
        if std::mem::take(&mut is_first) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        tell.send(()).unwrap();
        told.recv_timeout(TIMEOUT).unwrap();
        Poll::Ready(then())
    });
    (stream, Gate { polled, go_on })
}

#[runtime::test]
async fn a_cancelled_anext_loses_nothing() -> PyResult<()> {
    let code = c"
async def main(channel):
    generator, send = channel
    got, cancelled = [], 0
    for number in range(300):
        step = asyncio.ensure_future(generator.__anext__())
        await asyncio.sleep(0)
        # The item and the cancellation race.
        sent = asyncio.get_running_loop().run_in_executor(None, send, number)
        for _ in range(number % 4):
            await asyncio.sleep(0)
        step.cancel('why')
        try:
            got.append(await step)
        except asyncio.CancelledError:
            cancelled += 1
        await sent
    while len(got) < 300:
        got.append(await asyncio.wait_for(generator.__anext__(), 10))
    assert cancelled, 'no race was lost'
    assert got == list(range(300)), got
    # One more with nothing sent: it is usable at once.
    step = asyncio.ensure_future(generator.__anext__())
    await asyncio.sleep(0.01)
    step.cancel()
    await asyncio.wait([step])
    assert step.cancelled()
    send('last')
    assert await generator.__anext__() == 'last'
";
    with_channel(code).await
}

#[runtime::test]
async fn an_anext_that_was_given_up_leaves_its_item_to_the_next() -> PyResult<()> {
    let code = c"
async def main(channel):
    generator, send = channel
    for number in range(50):
        step = generator.__anext__()
        assert step.send(None)._asyncio_future_blocking
        if number % 2:
            step.close()
        del step
        send(number)
        assert await asyncio.wait_for(generator.__anext__(), 10) == number
";
    with_channel(code).await
}

#[runtime::test]
async fn stop_iteration_that_is_thrown_into_a_step_is_no_end() -> PyResult<()> {
    let code = c"
def steps(generator, error):
    yield generator.__anext__()
    yield generator.athrow(error)
    step = generator.__anext__()
    assert step.send(None)._asyncio_future_blocking
    yield step

async def main(channel):
    generator, send = channel
    for error in StopIteration(5), StopAsyncIteration(5):
        for step in steps(generator, error):
            try:
                step.throw(error)
                while True:
                    # The runtime has still to give the stream back.
                    await asyncio.sleep(0.001)
                    step.send(None)
            except RuntimeError as raised:
                assert raised.__cause__ is error
            else:
                assert False
";
    with_channel(code).await
}

#[runtime::test]
fn a_stream_that_comes_back_with_its_item_is_dropped_detached_from_python() -> PyResult<()> {
    let code = c"
def main(names):
    generator, polled, go_on, is_joined = names
    async def main():
        step = generator.__anext__()
        step.send(None)
        polled()
        step.close()
        await generator.aclose()
        go_on()
        while (joined := is_joined()) is None:
            await asyncio.sleep(0.001)
        return joined
    assert asyncio.run(main())
";
    let (tell, told) = mpsc::channel();
    let joins = Joins(tell);
    let (stream, gate) = gated(move || {
        let _ = &joins;
        Some(Ok(1))
    });
    Python::attach(|py| {
        let generator = runtime::stream_into_py(py, stream)?;
        let [polled, go_on] = gate.functions(py)?;
        let is_joined = is_joined(py, told)?;
        let names = (generator, polled, go_on, is_joined).into_pyobject(py)?;
        call(&python(py, code)?, "main", names.into_any()).map(drop)
    })
}

/// Calls `main` with a generator that panics behind its gate.
fn panics(code: &CStr) -> PyResult<()> {
    let drops = Drops::default();
    let guard = drops.guard();
    let (stream, gate) = gated(move || {
        let _ = &guard;
        panic!("the text")
    });
    Python::attach(|py| {
        let generator = runtime::stream_into_py(py, stream)?;
        let [polled, go_on] = gate.functions(py)?;
        let dropped = function(py, move |py| {
            drops.wait_for(py, 1);
            Ok(py.None().into_bound(py))
        })?;
        let program = python(py, code)?;
        program.set_item("RustPanic", py.get_type::<RustPanic>())?;
        let names = (generator, polled, go_on, dropped).into_pyobject(py)?;
        call(&program, "main", names.into_any()).map(drop)
    })
}

#[runtime::test]
fn a_panic_is_raised_for_the_one_who_waits_meanwhile() -> PyResult<()> {
    panics(
        c"
def main(names):
    generator, polled, go_on, dropped = names
    async def main():
        step = generator.__anext__()
        step.send(None)
        polled()
        step.close()
        waits = asyncio.ensure_future(generator.__anext__())
        await asyncio.sleep(0)
        go_on()
        try:
            await asyncio.wait_for(waits, 10)
        except RustPanic as error:
            assert 'the text' in str(error), error
        else:
            assert False
        assert not generator.ag_running
        assert await told(generator.__anext__()) == 'StopAsyncIteration'
        assert await told(generator.aclose()) is None
    async def told(awaitable):
        try:
            return await awaitable
        except Exception as error:
            return type(error).__name__
    asyncio.run(main())
",
    )
}

#[runtime::test]
fn a_panic_is_raised_for_the_one_who_asks_next() -> PyResult<()> {
    panics(
        c"
def main(names):
    generator, polled, go_on, dropped = names
    async def main():
        step = generator.__anext__()
        step.send(None)
        polled()
        step.close()
        go_on()
        dropped()
        said = []
        for _ in range(2):
            try:
                await generator.__anext__()
            except Exception as error:
                said.append(type(error).__name__)
        assert said == ['RustPanic', 'StopAsyncIteration'], said
    asyncio.run(main())
",
    )
}
