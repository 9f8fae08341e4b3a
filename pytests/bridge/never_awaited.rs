//! Coroutines that nobody awaits, beside those of Python: both warn in the same cases and words.

use std::ffi::CStr;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;
use pyo3_aio::PyFuture;

use crate::fixtures::python::{call, function, python};
use crate::runtime;

/// `main(make)` compares the warnings of both kinds of coroutines, for each way to use one.
const COMPARE: &CStr = c"
import warnings

async def of_python():
    return 1

def forgets(make):
    make()

def keeps_the_warning(make):
    coroutine = make()
    try:
        coroutine.send('too early')
    except TypeError:
        pass

def closes(make):
    make().close()

def throws(make):
    try:
        make().throw(KeyError)
    except KeyError:
        pass

def steps(make):
    try:
        make().send(None)
    except StopIteration:
        pass

def leaves_in_a_cycle(make):
    cycle = [make()]
    cycle.append(cycle)
    del cycle
    gc.collect()

def forgets_while_an_exception_is_set(make):
    def raises():
        coroutine = make()
        raise KeyError('raised')
    try:
        raises()
    except KeyError as error:
        assert str(error) == repr('raised')

def warnings_of(use, make):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        use(make)
    return [(str(one.message), one.category, one.filename, one.lineno) for one in caught]

USES = [
    forgets,
    keeps_the_warning,
    closes,
    throws,
    steps,
    leaves_in_a_cycle,
    forgets_while_an_exception_is_set,
]

def main(make):
    total = 0
    for use in USES:
        seen, expected = warnings_of(use, make), warnings_of(use, of_python)
        assert seen == expected, (use.__name__, seen, expected)
        total += len(seen)
    assert total == 4, total

def with_origin(make):
    sys.set_coroutine_origin_tracking_depth(2)
    try:
        seen, expected = warnings_of(forgets, make), warnings_of(forgets, of_python)
        assert seen == expected and 'in forgets' in seen[0][0], (seen, expected)
        origins = []
        for coroutine in [of_python(), make()]:
            origins.append(coroutine.cr_origin)
            coroutine.close()
        assert origins[0] == origins[1] and len(origins[0]) == 1, origins
    finally:
        sys.set_coroutine_origin_tracking_depth(0)
    coroutine = make()
    assert coroutine.cr_origin is None
    coroutine.close()

def as_error(make):
    def unraisable(make):
        seen = []
        # Python 3.14 names its own coroutine in the message, and gives no object.
        name = lambda raised: raised.err_msg if raised.object is None else raised.object.__qualname__
        hook, sys.unraisablehook = sys.unraisablehook, lambda raised: seen.append(
            (raised.exc_type, str(raised.exc_value), 'of_python' in name(raised)))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter('error')
                make()
        finally:
            sys.unraisablehook = hook
        return seen
    seen, expected = unraisable(make), unraisable(of_python)
    assert seen == expected and len(seen) == 1, (seen, expected)

def kept_by_the_warning(make):
    for make in [make, of_python]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            make()
            gc.collect()
            (one,) = caught
            assert one.source.__qualname__ == 'of_python'
            # It is warned of once.
            del one
            caught.clear()
            gc.collect()
            assert not caught, caught
";

/// Calls a function of [`COMPARE`].
fn compare(name: &str) -> PyResult<()> {
    Python::attach(|py| {
        let make = function(py, |py| {
            runtime::coroutine_builder()
                .name("of_python")
                .build(py, async { Ok(1) })
        })?;
        call(&python(py, COMPARE)?, name, make).map(drop)
    })
}

// Warning filters and the depth of origins belong to the process and the thread: these tests run alone.

#[runtime::test(serial)]
fn a_coroutine_that_nobody_awaits_warns_as_one_of_python() -> PyResult<()> {
    compare("main")
}

#[runtime::test(serial)]
fn the_warning_tells_where_the_coroutine_was_made() -> PyResult<()> {
    compare("with_origin")
}

#[runtime::test(serial)]
fn the_warning_as_an_error_is_unraisable() -> PyResult<()> {
    compare("as_error")
}

#[runtime::test(serial)]
fn a_coroutine_that_its_warning_keeps_warns_once() -> PyResult<()> {
    compare("kept_by_the_warning")
}

/// Fails if `use_coroutine` leaves a coroutine of Python, or one of Rust, that is never awaited.
fn assert_no_warning(use_coroutine: impl Fn(Bound<'_, PyAny>)) -> PyResult<()> {
    let code = c"
import warnings
async def of_python():
    return 1
catch = warnings.catch_warnings(record=True)
def begin(_):
    global caught
    caught = catch.__enter__()
    warnings.simplefilter('always')
def end(_):
    gc.collect()
    catch.__exit__(None, None, None)
    assert not caught, [str(one.message) for one in caught]
";
    Python::attach(|py| {
        let names = python(py, code)?;
        let none = || py.None().into_bound(py);
        call(&names, "begin", none())?;
        use_coroutine(names.as_any().get_item("of_python")?.call0()?);
        use_coroutine(runtime::into_coroutine(py, async { Ok(1) })?);
        call(&names, "end", none()).map(drop)
    })
}

#[runtime::test(serial)]
fn without_a_loop_into_future_closes_the_coroutine_and_says_what_to_do() -> PyResult<()> {
    for into_future in [runtime::into_future, pyo3_aio::into_future] {
        // No task of the library runs on this thread, as in a bare `tokio::spawn`.
        let bare = || {
            assert_no_warning(|coroutine| {
                let py = coroutine.py();
                let error = into_future(coroutine).unwrap_err();
                assert!(error.is_instance_of::<PyRuntimeError>(py));
                let text = error.value(py).to_string();
                for part in [
                    "no running event loop",
                    "`spawn`",
                    "`scope`",
                    "`into_future_with_locals`",
                ] {
                    assert!(text.contains(part), "{part}: {text}");
                }
            })
        };
        std::thread::scope(|scope| scope.spawn(bare).join().unwrap())?;
    }
    Ok(())
}

#[runtime::test(serial)]
async fn a_coroutine_that_no_task_can_be_made_of_is_closed() -> PyResult<()> {
    let code = c"
import warnings
async def of_python():
    return 1
async def main(convert):
    def fails(loop, coroutine, **others):
        raise KeyError('no task')
    loop = asyncio.get_running_loop()
    reported = []
    loop.set_exception_handler(lambda loop, context: reported.append(context['exception']))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        loop.set_task_factory(fails)
        convert(of_python())
        while not reported:
            await asyncio.sleep(0)
        loop.set_task_factory(None)
        loop.set_exception_handler(None)
        reported.clear()
        gc.collect()
    assert not caught, [str(one.message) for one in caught]
";
    let main = Python::attach(|py| {
        let convert = PyCFunction::new_closure(py, None, None, |args, _| {
            runtime::into_future(args.get_item(0)?).map(PyFuture::detach)
        })?;
        runtime::into_future(call(&python(py, code)?, "main", convert.into_any())?)
    })?;
    main.await.map(drop)
}

#[runtime::test(serial)]
fn a_run_that_is_refused_leaves_no_coroutine() -> PyResult<()> {
    assert_no_warning(|coroutine| {
        let py = coroutine.py();
        coroutine.call_method0("close").unwrap();
        let event_loop = py.import("asyncio").unwrap();
        let event_loop = event_loop.call_method0("new_event_loop").unwrap();
        event_loop.call_method0("close").unwrap();
        runtime::run_until_complete(event_loop, async { Ok(()) }).unwrap_err();
    })
}
