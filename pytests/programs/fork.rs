//! Forks: a child process gets an error from its parent's conversions, or a fresh runtime, and never hangs.

use crate::programs::{all_end_well, ends_with};

/// The beginning of every program.
const PRELUDE: &str = "
import asyncio, extension, os, sys, warnings
# Python 3.12 warns of every fork of a process with threads.
warnings.simplefilter('ignore', DeprecationWarning)

def fork_that_runs_on():
    # A child has no running loop (`on_fork` in Lib/asyncio/events.py), and since Python 3.14 no current task. Since then
    # asyncio steps no task there: a child that goes on with its parent's loop has to set both.
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    child = os.fork()
    if child == 0:
        asyncio._set_running_loop(loop)
        if asyncio.current_task() is None:
            asyncio.tasks._enter_task(loop, task)
    return child

def join(child):
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9

async def told(awaitable):
    try:
        return await awaitable
    except RuntimeError as error:
        assert 'left behind by fork()' in str(error), error
        return 'told'

class Counts(asyncio.SelectorEventLoop):
    turns = 0
    def _run_once(self):
        self.turns += 1
        super()._run_once()
    async def sleep(self, seconds):
        # asyncio's own takes the loop for another process's.
        future = self.create_future()
        self.call_later(seconds, future.set_result, None)
        await future
";

/// Runs a program that forks, and whose children end with the status 9 where all is well.
fn ends_well(program: &str) {
    ends_with(0, &format!("{PRELUDE}{program}"));
}

#[pyo3_aio::tokio::test]
fn a_forked_child_gets_a_fresh_runtime() {
    let program = "
async def main():
    assert await extension.ready() == 1
    assert await extension.sleep(0.001) == 0.001
    assert await extension.call(lambda: asyncio.sleep(0, 2)) == 2
asyncio.run(main())
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        asyncio.run(main())
        # With all that an exit does.
        sys.exit(9)
    children.append(child)
asyncio.run(main())
for child in children:
    join(child)
";
    all_end_well(&format!("{PRELUDE}{program}"));
}

#[pyo3_aio::tokio::test]
fn a_forked_child_is_told_that_a_runtime_was_left_behind() {
    ends_well(
        "
def sleeps():
    async def main(sleep):
        await sleep(0.001)
    for sleep in extension.sleep_on_async_std, extension.sleep_on_smol:
        try:
            asyncio.run(main(sleep))
            yield None
        except RuntimeError as error:
            yield str(error)
assert list(sleeps()) == [None, None]
child = os.fork()
if child == 0:
    for text in sleeps():
        assert 'were left behind by fork()' in text, text
    sys.exit(9)
join(child)
",
    );
}

#[pyo3_aio::tokio::test]
fn async_std_and_smol_are_left_behind_together() {
    for (used, other) in [("async_std", "smol"), ("smol", "async_std")] {
        ends_well(&format!(
            "
async def main(sleep):
    await sleep(0.001)
asyncio.run(main(extension.sleep_on_{used}))
child = os.fork()
if child == 0:
    try:
        asyncio.run(main(extension.sleep_on_{other}))
    except RuntimeError as error:
        assert 'were left behind by fork()' in str(error), error
        sys.exit(9)
join(child)
"
        ));
    }
}

#[pyo3_aio::tokio::test]
fn a_forked_child_that_runs_on_takes_no_wake_up_of_its_parent() {
    ends_well(
        "
async def main():
    loop = asyncio.get_running_loop()
    future = extension.start_sleep(0.1)
    child = fork_that_runs_on()
    if child == 0:
        loop.call_later(0.5, os._exit, 9)
        await loop.create_future()
    # The loop is not to be woken before the child has had the chance.
    join(child)
    assert await asyncio.wait_for(future, 10) == 0.1
asyncio.run(main())
",
    );
}

#[pyo3_aio::tokio::test]
fn a_child_that_is_forked_within_a_poll_does_not_wait_for_it_at_its_exit() {
    ends_well(
        "
import atexit, threading, time
def end():
    started = time.monotonic()
    atexit._run_exitfuncs()
    # It would wait for 5 seconds.
    os._exit(9 if time.monotonic() - started < 4 else 1)
def fork():
    child = os.fork()
    if child == 0:
        # The poll returns meanwhile.
        threading.Timer(0.2, end).start()
    return child
async def main():
    child = await extension.call_sync(fork)
    join(child)
asyncio.run(main())
",
    );
}

#[pyo3_aio::tokio::test]
fn a_fork_within_a_poll_does_not_wait_for_that_poll() {
    ends_well(
        "
import time
def fork():
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        os._exit(9)
    took = time.monotonic() - started
    join(child)
    return took
async def main():
    # It would wait for 50 ms each time.
    took = [await extension.call_sync(fork) for _ in range(5)]
    assert min(took) < 0.04, took
asyncio.run(main())
",
    );
}

#[pyo3_aio::tokio::test]
fn a_child_that_goes_on_with_its_parents_loop_is_told_of_what_it_awaits_there() {
    ends_well(
        "
async def waits(generator):
    async for _ in generator:
        pass
async def main():
    future = extension.start_sleep(60)
    task = asyncio.ensure_future(extension.sleep(60))
    gathered = asyncio.gather(extension.start_sleep(60), extension.sleep(60))
    await asyncio.sleep(0.01)
    child = fork_that_runs_on()
    if child == 0:
        for awaitable in future, task, gathered:
            assert await told(awaitable) == 'told'
        assert future.done() and await told(future) == 'told'
        os._exit(9)
    join(child)
    # The parent's are what they were.
    assert not future.done() and await extension.sleep(0.001) == 0.001
    assert future.cancel() and task.cancel() and gathered.cancel()
    try:
        await gathered
    except asyncio.CancelledError:
        pass
    else:
        assert False
asyncio.run(main())
",
    );
}

#[pyo3_aio::tokio::test]
fn a_child_is_told_that_it_cannot_convert_on_its_parents_loop() {
    ends_well(
        "
async def main():
    return await extension.sleep(0.001)
loop = asyncio.new_event_loop()
assert loop.run_until_complete(main()) == 0.001
child = os.fork()
if child == 0:
    assert loop.run_until_complete(told(main())) == 'told'
    # A loop of its own.
    assert asyncio.run(main()) == 0.001
    os._exit(9)
join(child)
assert loop.run_until_complete(main()) == 0.001
loop.close()
",
    );
}

#[pyo3_aio::tokio::test]
fn a_child_that_goes_on_with_its_parents_loop_does_not_spin() {
    ends_well(
        "
async def main():
    future = extension.start_sleep(0.05)
    child = fork_that_runs_on()
    if child == 0:
        loop.turns = 0
        await loop.sleep(0.5)
        # It is woken in its parent's place, which does not run its loop meanwhile.
        os._exit(9 if loop.turns < 2000 else 1)
    join(child)
    assert await asyncio.wait_for(future, 10) == 0.05
loop = Counts()
loop.run_until_complete(main())
loop.close()
",
    );
}

#[pyo3_aio::tokio::test]
fn a_child_that_outlives_its_parent_takes_its_wake_up() {
    ends_well(
        "
async def main():
    extension.start_sleep(0.05)
    child = fork_that_runs_on()
    if child == 0:
        while os.getppid() == parent:
            await loop.sleep(0.001)
        await loop.sleep(0.1)
        loop.turns = 0
        await loop.sleep(0.2)
        os.write(writer, b'quiet' if loop.turns < 50 else b'woken')
        os._exit(0)
    import time
    time.sleep(0.1)
    os._exit(0)
reader, writer = os.pipe()
intermediate = os.fork()
if intermediate == 0:
    parent = os.getpid()
    loop = Counts()
    loop.run_until_complete(main())
os.waitpid(intermediate, 0)
assert os.read(reader, 5) == b'quiet'
",
    );
}

#[pyo3_aio::tokio::test]
fn a_child_is_told_of_a_stream_that_its_parents_runtime_polls() {
    ends_well(
        "
async def main():
    ticks = extension.tick(60)
    step = asyncio.ensure_future(ticks.__anext__())
    await asyncio.sleep(0.01)
    child = fork_that_runs_on()
    if child == 0:
        assert await told(step) == 'told'
        assert await told(ticks.__anext__()) == 'told'
        os._exit(9)
    join(child)
    assert step.cancel()
asyncio.run(main())
",
    );
}

/// A future and a stream of Python's, polled in a child.
mod readings {
    use std::pin::pin;
    use std::sync::Mutex;
    use std::task::{Context, Poll, Waker};

    use futures_core::Stream;
    use pyo3::prelude::*;
    use pyo3::types::PyCFunction;
    use pyo3_aio::{PyFuture, PyStream};

    use crate::python::{call, function, python};

    fn text(output: Poll<Option<PyResult<Py<PyAny>>>>) -> String {
        match output {
            Poll::Pending => "pending".to_owned(),
            Poll::Ready(None) => "the end".to_owned(),
            Poll::Ready(Some(Ok(value))) => value.to_string(),
            Poll::Ready(Some(Err(error))) => error.to_string(),
        }
    }

    fn poll((future, stream): &mut (PyFuture, PyStream)) -> (String, String) {
        let mut cx = Context::from_waker(Waker::noop());
        let output = pin!(future).poll(&mut cx).map(Some);
        (text(output), text(pin!(stream).poll_next(&mut cx)))
    }

    // A fork takes along what other threads have locked.
    #[pyo3_aio::tokio::test(serial)]
    fn a_child_gets_errors_for_them() -> PyResult<()> {
        static READINGS: Mutex<Option<(PyFuture, PyStream)>> = Mutex::new(None);
        let code = c"
import os, signal, warnings
warnings.simplefilter('ignore', DeprecationWarning)
async def generator():
    yield 1
    await asyncio.sleep(60)
def main(functions):
    start, poll = functions
    async def main():
        start(asyncio.sleep(60), generator())
        first = poll()
        while first[1] == 'pending':
            await asyncio.sleep(0.001)
            first = poll()
        assert first == ('pending', '1'), first
        child = os.fork()
        if child == 0:
            # Where it hangs, this ends it.
            signal.alarm(10)
            told = poll()
            os._exit(9 if all('left behind by fork()' in text for text in told) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        assert poll() == ('pending', 'pending')
    asyncio.run(main())
";
        Python::attach(|py| {
            let start = PyCFunction::new_closure(py, None, None, |args, _| -> PyResult<()> {
                let future = pyo3_aio::into_future(args.get_item(0)?)?;
                let stream = pyo3_aio::tokio::into_stream(args.get_item(1)?)?;
                *READINGS.lock().unwrap() = Some((future, stream));
                Ok(())
            })?;
            let poll = function(py, |py| {
                let polled = poll(READINGS.lock().unwrap().as_mut().unwrap());
                Ok(polled.into_pyobject(py)?.into_any())
            })?;
            let functions = (start, poll).into_pyobject(py)?.into_any();
            call(&python(py, code)?, "main", functions)?;
            *READINGS.lock().unwrap() = None;
            Ok(())
        })
    }
}
