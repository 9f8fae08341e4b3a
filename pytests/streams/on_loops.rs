//! Streams on every kind of event loop, and under trio.

use std::ffi::CStr;
use std::task::{Context, Poll};

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};

use crate::fixtures::drops::Drops;
use crate::fixtures::loop_kinds;
use crate::fixtures::python::{call, function, python, require};
use crate::runtime;
use crate::streams::to_python::STORY;
use crate::streams::{FromFn, all, numbers};

/// Compares the calls of the hooks of PEP 525 for a generator of Python's with those for one around a stream.
const HOOKS: &CStr = c"
import contextlib

async def of_python():
    for number in range(3):
        yield number

@contextlib.contextmanager
def hooks(**hooks):
    before = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(**hooks)
    try:
        yield
    finally:
        sys.set_asyncgen_hooks(*before)

def step(awaitable):
    try:
        awaitable.send(None)
    except (StopIteration, StopAsyncIteration, ValueError):
        pass

def exhaust(generator):
    for _ in range(4):
        step(generator.__anext__())

def told(make, use):
    said = []
    def finalizer(generator):
        said.append('last')
        step(generator.aclose())
    with hooks(firstiter=lambda generator: said.append('first'), finalizer=finalizer):
        generator = make()
        use(generator)
        said.append('used')
        del generator
        gc.collect()
    return said

def refuses(generator):
    raise KeyError('refused')

def main(make):
    uses = [
        lambda generator: None,
        # From Python 3.13 on this closes a generator of its own.
        lambda generator: sys.version_info < (3, 13) and generator.__anext__().close(),
        lambda generator: step(generator.__anext__()),
        lambda generator: (step(generator.__anext__()), step(generator.__anext__())),
        lambda generator: step(generator.asend(None)),
        lambda generator: step(generator.athrow(ValueError)),
        lambda generator: step(generator.aclose()),
        lambda generator: (step(generator.__anext__()), step(generator.aclose())),
        exhaust,
    ]
    for number, use in enumerate(uses):
        expected, said = told(of_python, use), told(make, use)
        assert said == expected, (number, said, expected)
    with hooks(firstiter=refuses):
        try:
            make().__anext__()
        except KeyError:
            return
    assert False
";

/// Runs generators both ways on a loop that `make_loop()` makes.
const BOTH_WAYS: &CStr = c"
async def items():
    for number in range(300):
        if number % 100 == 0:
            await asyncio.sleep(0)
        yield number

async def both():
    assert [item async for item in ready()] == list(range(3))
    assert [item async for item in pending()] == list(range(3))
    assert await collect(items()) == list(range(300))
    step = asyncio.ensure_future(never().__anext__())
    await asyncio.sleep(0)
    step.cancel()
    try:
        await step
    except asyncio.CancelledError:
        return
    assert False

def run(make_loop):
    loop, told = make_loop(), []
    loop.set_exception_handler(lambda loop, context: told.append(context))
    try:
        loop.run_until_complete(asyncio.wait_for(both(), 10))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
    assert not told, told
";

/// Adds streams whose items are ready, are pending first, or never come, and what collects a generator's items.
fn add_streams(py: Python<'_>, names: &Bound<'_, PyDict>, drops: &Drops) -> PyResult<()> {
    let ready = function(py, |py| runtime::stream_into_py(py, numbers(3)))?;
    let pending = function(py, |py| {
        let (mut items, mut is_pending) = (0..3, false);
        let stream = FromFn::new(move |cx: &mut Context<'_>| {
            is_pending = !is_pending;
            if is_pending {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(items.next().map(Ok))
        });
        runtime::stream_into_py(py, stream)
    })?;
    let drops = drops.clone();
    let never = function(py, move |py| {
        let mut stream = FromFn::new(|_: &mut Context<'_>| Poll::<Option<PyResult<()>>>::Pending);
        stream.guard = Some(drops.guard());
        runtime::stream_into_py(py, stream)
    })?;
    let collect = PyCFunction::new_closure(py, None, None, |args, _| {
        let items = all(runtime::into_stream(args.get_item(0)?)?);
        let items = async { items.await.into_iter().collect::<PyResult<Vec<_>>>() };
        runtime::future_into_py(args.py(), items).map(Bound::unbind)
    })?;
    names.set_item("ready", ready)?;
    names.set_item("pending", pending)?;
    names.set_item("never", never)?;
    names.set_item("collect", collect)
}

/// Runs streams both ways on a loop.
fn run_on(make_loop: &CStr) -> PyResult<()> {
    Python::attach(|py| {
        let names = python(py, BOTH_WAYS)?;
        add_streams(py, &names, &Drops::default())?;
        call(&names, "run", py.eval(make_loop, Some(&names), None)?).map(drop)
    })
}

/// Runs `main` of a program under trio.
fn run_under_trio(code: &CStr, drops: &Drops) -> PyResult<()> {
    require("trio");
    Python::attach(|py| {
        let names = python(py, STORY)?;
        names.set_item("trio", py.import("trio")?)?;
        names.set_item("drops", drops.function(py)?)?;
        add_streams(py, &names, drops)?;
        py.run(code, Some(&names), None)?;
        let main = names.as_any().get_item("under_trio")?;
        py.import("trio")?.call_method1("run", (main,))?;
        py.run(c"after()", Some(&names), None)
    })
}

#[runtime::test]
fn the_hooks_are_told_what_they_are_told_of_a_generator_of_python() -> PyResult<()> {
    Python::attach(|py| {
        let make = function(py, |py| runtime::stream_into_py(py, numbers(3)))?;
        call(&python(py, HOOKS)?, "main", make).map(drop)
    })
}

#[runtime::test]
fn shutdown_asyncgens_drops_the_stream_of_a_generator_that_is_alive() -> PyResult<()> {
    let drops = Drops::default();
    Python::attach(|py| {
        let code = c"
def main(generator):
    async def first():
        return await generator.__anext__()
    async def next():
        try:
            await generator.__anext__()
        except StopAsyncIteration:
            return 'over'
    assert asyncio.run(first()) == 0
    assert asyncio.run(next()) == 'over'
";
        let mut stream = numbers(3);
        stream.guard = Some(drops.guard());
        call(
            &python(py, code)?,
            "main",
            runtime::stream_into_py(py, stream)?,
        )?;
        assert_eq!(drops.count(), 1);
        Ok(())
    })
}

#[runtime::test]
fn eager_tasks_take_streams() -> PyResult<()> {
    loop_kinds::eager_tasks()?.map_or(Ok(()), run_on)
}

#[runtime::test]
fn debug_mode_takes_streams() -> PyResult<()> {
    run_on(loop_kinds::DEBUG_MODE)
}

#[runtime::test]
fn a_loop_without_add_reader_takes_streams() -> PyResult<()> {
    run_on(loop_kinds::WITHOUT_ADD_READER)
}

#[runtime::test]
fn uvloop_takes_streams() -> PyResult<()> {
    run_on(loop_kinds::uvloop())
}

#[runtime::test]
fn trio_takes_a_stream() -> PyResult<()> {
    run_under_trio(
        c"
async def under_trio():
    await main(ready)
    for make in ready, pending:
        assert [item async for item in make()] == [0, 1, 2]
    async with trio.open_nursery() as nursery:
        for _ in range(20):
            nursery.start_soon(main, ready)
def after():
    pass
",
        &Drops::default(),
    )
}

#[runtime::test]
fn trio_cancels_an_anext_and_closes_what_is_left() -> PyResult<()> {
    let drops = Drops::default();
    run_under_trio(
        c"
async def under_trio():
    async with aclosing(never()) as generator:
        for _ in range(3):
            with trio.move_on_after(0.001) as scope:
                await generator.__anext__()
            assert scope.cancelled_caught and drops() == 0
    assert drops() == 1
    global left
    left = ready()
    assert await left.__anext__() == 0
def after():
    try:
        left.__anext__().send(None)
    except StopAsyncIteration:
        return
    assert False
",
        &drops,
    )
}
