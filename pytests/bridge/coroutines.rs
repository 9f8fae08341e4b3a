//! Coroutines that are stepped by hand, beside those of Python.

use std::ffi::CStr;
use std::pin::Pin;

use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use crate::fixtures::python::{call, function, python};
use crate::runtime;

/// Steps a coroutine, and returns the type and the text of what that raises.
const TOLD: &CStr = c"
def told(step, *arguments):
    try:
        step(*arguments)
    except BaseException as error:
        return type(error).__name__, str(error)
";

/// Calls `main(make)` of a program, which compares coroutines that `make` makes with Python's own.
fn compare(program: &CStr, make: Bound<'_, PyAny>) -> PyResult<()> {
    let names = python(make.py(), TOLD)?;
    make.py().run(program, Some(&names), None)?;
    call(&names, "main", make).map(drop)
}

#[runtime::test]
fn misuse_is_refused_as_by_a_coroutine_of_python() -> PyResult<()> {
    let code = c"
async def of_python():
    return 1

def said(make):
    coroutine = make()
    return [
        told(coroutine.send, 3),
        told(coroutine.send, 3),
        # It can still be started.
        told(coroutine.send, None),
        told(coroutine.send, None),
        told(coroutine.throw, ValueError('late')),
        told(coroutine.close),
    ]

def main(make):
    assert said(make) == said(of_python), (said(make), said(of_python))
";
    Python::attach(|py| {
        let make = function(py, |py| runtime::into_coroutine(py, async { Ok(1) }))?;
        compare(code, make)
    })
}

#[runtime::test]
fn a_step_within_a_step_is_refused_as_by_a_coroutine_of_python() -> PyResult<()> {
    let code = c"
async def of_python(function):
    function()
    return 1

def said(make):
    seen = []
    def within():
        seen.append(coroutine.cr_running)
        seen.append(told(coroutine.send, None))
        seen.append(told(coroutine.throw, ValueError('early')))
        seen.append(told(coroutine.close))
    coroutine = make(within)
    seen.append(told(coroutine.send, None))
    seen.append(coroutine.cr_running)
    return seen

def main(make):
    assert said(make) == said(of_python), (said(make), said(of_python))
";
    Python::attach(|py| {
        let make = PyCFunction::new_closure(py, None, None, |args, _| {
            let within = args.get_item(0)?.unbind();
            let future = async move {
                Python::attach(|py| within.call0(py))?;
                Ok(1)
            };
            runtime::into_coroutine(args.py(), future).map(Bound::unbind)
        })?;
        compare(code, make.into_any())
    })
}

#[runtime::test]
async fn tools_that_look_at_tasks_take_a_coroutine_of_rust() -> PyResult<()> {
    let code = c"
import inspect, io
async def main(make):
    async def awaits():
        await make()
    tasks = [asyncio.ensure_future(make()), asyncio.ensure_future(awaits())]
    await asyncio.sleep(0)
    for task in tasks:
        assert 'running' in repr(task) or 'pending' in repr(task)
        out = io.StringIO()
        task.print_stack(file=out)
        shown = out.getvalue()
        assert 'awaits' in shown or 'File \"<Rust>\", line' in shown and 'in tools_that_look' in shown, shown
        # What `asyncio.capture_call_graph` does from Python 3.14 on.
        coroutine = task.get_coro()
        names = []
        while hasattr(coroutine, 'cr_await'):
            assert inspect.isframe(coroutine.cr_frame) and coroutine.cr_frame.f_back is None
            names.append(coroutine.cr_frame.f_code.co_name)
            coroutine = coroutine.cr_await
        assert names[-1].startswith('tools_that_look') and asyncio.isfuture(coroutine), names
        if hasattr(asyncio, 'format_call_graph'):
            asyncio.format_call_graph(task)
        task.cancel()
    await asyncio.wait(tasks)
";
    let main = Python::attach(|py| {
        let make = function(py, |py| {
            runtime::into_coroutine::<_, ()>(py, async { std::future::pending().await })
        })?;
        runtime::into_future(call(&python(py, code)?, "main", make)?)
    })?;
    main.await.map(drop)
}

#[runtime::test]
async fn a_coroutine_shows_itself_as_one_of_python() -> PyResult<()> {
    let code = c"
class Client:
    async def get(self):
        await asyncio.sleep(10)
Client.get.__qualname__ = 'Client.get'

def shown(coroutine):
    address = f'0x{id(coroutine):x}'
    assert address in repr(coroutine)
    return repr(coroutine).replace(address, 'ADDRESS'), coroutine.__name__, coroutine.__qualname__

def states(coroutine):
    yield coroutine.cr_running, getattr(coroutine, 'cr_suspended', False)
    coroutine.send(None)
    yield coroutine.cr_running, getattr(coroutine, 'cr_suspended', True)
    coroutine.close()
    yield coroutine.cr_running, getattr(coroutine, 'cr_suspended', False)

async def main(make):
    coroutines = make(), Client().get()
    of_rust, of_python = map(shown, coroutines)
    assert of_rust == of_python, (of_rust, of_python)
    of_rust, of_python = map(list, map(states, coroutines))
    assert of_rust == of_python, (of_rust, of_python)
    task = asyncio.ensure_future(make())
    assert 'coro=<Client.get()' in repr(task), repr(task)
    task.cancel()
";
    let main = Python::attach(|py| {
        let make = function(py, |py| {
            runtime::coroutine_builder()
                .name("Client.get")
                .build::<_, ()>(py, std::future::pending())
        })?;
        runtime::into_future(call(&python(py, code)?, "main", make)?)
    })?;
    main.await.map(drop)
}

async fn fetch() -> PyResult<u8> {
    Ok(1)
}

fn read(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    runtime::into_coroutine(py, async { Ok(1) })
}

#[runtime::test]
fn a_coroutine_without_a_name_has_that_of_the_function_of_its_future() -> PyResult<()> {
    Python::attach(|py| {
        let boxed: Pin<Box<dyn Future<Output = PyResult<u8>> + Send>> = Box::pin(fetch());
        for (coroutine, name) in [
            (runtime::into_coroutine(py, fetch())?, "fetch"),
            (read(py)?, "read"),
            (
                runtime::into_coroutine_cancellable(py, |_| fetch())?,
                "fetch",
            ),
            (runtime::into_coroutine(py, boxed)?, "Coroutine"),
            (
                runtime::into_coroutine::<_, ()>(py, std::future::pending())?,
                "Coroutine",
            ),
        ] {
            for attribute in ["__name__", "__qualname__"] {
                assert_eq!(coroutine.getattr(attribute)?.to_string(), name);
            }
            coroutine.call_method0("close")?;
        }
        Ok(())
    })
}

/// Under the stable ABI, `TaskLocals::run` calls `Context.run` with a function object that borrows from its stack, and
/// the garbage collector shows that object to everybody. With the full ABI there is no such object.
#[pyo3_aio::tokio::test]
fn a_function_that_ran_in_a_context_cannot_be_called_afterwards() -> PyResult<()> {
    let code = c"
import contextvars

context = contextvars.copy_context()

def functions():
    builtin = type(len)
    return [found for found in gc.get_objects() if type(found) is builtin and found.__name__ == 'pyo3-closure']

before = functions()
kept = []

def keep():
    kept.extend(found for found in functions() if all(found is not old for old in before))

def call_again(_):
    for function in kept:
        try:
            function()
        except RuntimeError:
            pass
        else:
            assert False, 'it has been called'
";
    Python::attach(|py| {
        let names = python(py, code)?;
        let get = |name| PyResult::Ok(names.get_item(name)?.expect("the code defines it"));
        let locals =
            pyo3_aio::TaskLocals::new(py.None().into_bound(py)).with_context(get("context")?);
        let keep = get("keep")?;
        let mut calls = 0;
        locals.run(py, |_| {
            calls += 1;
            keep.call0()
        })?;
        call(&names, "call_again", py.None().into_bound(py))?;
        assert_eq!(calls, 1);
        Ok(())
    })
}
