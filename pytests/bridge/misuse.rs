//! Misuse of coroutines, generators and awaitables: the errors and warnings are those of the Python that runs, text by text.

use std::ffi::CStr;
use std::task::{Context, Poll};

use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use crate::fixtures::python::{call, python};
use crate::runtime;
use crate::streams::{FromFn, next};

/// The outcome of a call, and the warnings of it.
type Said = (Vec<String>, Vec<String>);

const MISUSES: &CStr = c"
import warnings

def said(act, *arguments, filter='always'):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter(filter)
        try:
            outcome = ['returns', str(act(*arguments))]
        except BaseException as error:
            cause = error.__cause__
            outcome = [type(error).__name__, str(error), type(cause).__name__, str(cause)]
    return (outcome, [str(one.message) for one in caught])

class Surprise(Exception):
    def __new__(cls, *arguments):
        return 5

THROWS = [
    (5,), (int,), (5, 6), (ValueError(1), 2), (ValueError, 1, 7), (ValueError, None, 7), (Surprise,),
    (KeyError,), (KeyError, 'key'), (KeyError, KeyError('key')), (KeyError('key'), None, None),
]
# From Python 3.12 on the code of a coroutine replaces a StopIteration, not the interpreter: one without a step lets it through.
STOPS = [StopIteration, StopAsyncIteration] if sys.version_info < (3, 12) else []

def throws(make):
    for arguments in THROWS:
        for filter in 'always', 'error':
            subject = make()
            # CPython counts arguments that are None.
            if not (sys.version_info >= (3, 12) and arguments[1:] == (None, None)):
                yield said(subject.throw, *arguments, filter=filter)
            # A coroutine goes on after a refusal, an awaitable of a generator does not.
            if hasattr(subject, 'cr_running'):
                yield said(subject.send, None)
            subject.close()

# `make(callback)` makes a coroutine or a generator that calls the callback.
def of_coroutine(make):
    finished, unstarted = make(int), make(int)
    finished.close()
    yield said(finished.send, None)
    yield said(unstarted.send, 1)
    unstarted.close()
    subject = make(lambda: subject.send(None))
    yield said(subject.send, None)
    for kind in STOPS:
        yield said(make(int).throw, kind(3))
    yield from throws(lambda: make(int))

def of_generator(make):
    yield said(make(int).asend(1).send, None)
    for begin in (lambda g: g.__anext__()), (lambda g: g.asend(None)), (lambda g: g.aclose()), (lambda g: g.athrow(KeyError)):
        finished = begin(make(int))
        finished.close()
        yield said(finished.send, None)
    subject = make(lambda: step.send(None))
    step = subject.__anext__()
    yield said(step.send, None)
    for kind in STOPS:
        yield said(make(int).athrow(kind(3)).send, None)
    yield from throws(lambda: make(int).__anext__())
";

// Filters of warnings belong to the process.
#[runtime::test(serial)]
fn a_coroutine_refuses_misuse_as_that_of_python() -> PyResult<()> {
    compare(
        c"
async def of_python(callback):
    callback()
    return 1

def test(of_rust):
    return tuple(list(of_coroutine(make)) for make in (of_rust, of_python))
",
        |py, callback| {
            runtime::into_coroutine(py, async move {
                Python::attach(|py| callback.call0(py))?;
                Ok(1)
            })
        },
    )
}

// Filters of warnings belong to the process.
#[runtime::test(serial)]
fn a_generator_refuses_misuse_as_that_of_python() -> PyResult<()> {
    compare(
        c"
async def of_python(callback):
    callback()
    yield

def test(of_rust):
    return tuple(list(of_generator(make)) for make in (of_rust, of_python))
",
        |py, callback| {
            let next = move |_: &mut Context<'_>| {
                let called = Python::attach(|py| callback.call0(py));
                Poll::Ready(Some(called.map(drop)))
            };
            runtime::stream_into_py(py, FromFn::new(next))
        },
    )
}

/// Calls `test(make)`, and compares the two lists that it returns. `make` is callable from Python.
fn compare<F>(test: &CStr, make: F) -> PyResult<()>
where
    F: Fn(Python<'_>, Py<PyAny>) -> PyResult<Bound<'_, PyAny>> + Send + Sync + 'static,
{
    Python::attach(|py| {
        let names = python(py, MISUSES)?;
        py.run(test, Some(&names), None)?;
        let make = PyCFunction::new_closure(py, None, None, move |args, _| {
            make(args.py(), args.get_item(0)?.unbind()).map(Bound::unbind)
        })?;
        let said = call(&names, "test", make.into_any())?;
        let (rust, python): (Vec<Said>, Vec<Said>) = said.extract()?;
        assert!(python.len() > 3);
        assert_eq!(rust, python);
        Ok(())
    })
}

/// The items of a stream that cannot be awaited end it with the error that `async for` raises.
#[runtime::test]
async fn a_stream_refuses_items_as_async_for_does() -> PyResult<()> {
    let names = Python::attach(|py| {
        let code = c"
class NoIterator:
    def __await__(self):
        return [1]

async def nothing():
    pass

class ACoroutine:
    def __await__(self):
        # Closed, so that nobody is warned of it.
        coroutine = nothing()
        coroutine.close()
        return coroutine

class Items:
    def __init__(self, item):
        self.item = item
    def __aiter__(self):
        return self
    def __anext__(self):
        return self.item

def text(error):
    cause = error.__cause__
    return [type(error).__name__, str(error), type(cause).__name__, str(cause)]

async def expected(item):
    try:
        async for _ in Items(item):
            pass
    except TypeError as error:
        return text(error)

items = [5, NoIterator(), ACoroutine()]
";
        python(py, code).map(Bound::unbind)
    })?;
    for index in 0..3 {
        let (mut stream, expected) = Python::attach(|py| {
            let names = names.bind(py);
            let item = names.as_any().get_item("items")?.get_item(index)?;
            let stream = runtime::into_stream(call(names, "Items", item.clone())?)?;
            let expected = runtime::into_future(call(names, "expected", item)?)?;
            PyResult::Ok((stream, expected))
        })?;
        let error = next(&mut stream).await.unwrap().unwrap_err();
        let expected = expected.await?;
        Python::attach(|py| {
            let said = call(
                names.bind(py),
                "text",
                error.into_value(py).into_bound(py).into_any(),
            )?;
            let said: Vec<String> = said.extract()?;
            assert_eq!(said, expected.extract::<Vec<String>>(py)?);
            PyResult::Ok(())
        })?;
    }
    Ok(())
}
