//! The conversions' tests, written once over the runtime.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use pyo3::prelude::*;

use crate::python::function;

/// Counts how often it is dropped.
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<(Mutex<usize>, Condvar)>);

impl Drops {
    pub(crate) fn count(&self) -> usize {
        *self.0.0.lock().unwrap()
    }

    /// Waits, detached from Python, until there were so many.
    pub(crate) fn wait_for(&self, py: Python<'_>, count: usize) {
        py.detach(|| {
            let drops = self.0.0.lock().unwrap();
            let waited = self
                .0
                .1
                .wait_timeout_while(drops, Duration::from_secs(10), |drops| *drops < count);
            assert_eq!(*waited.unwrap().0, count);
        });
    }

    pub(crate) fn guard(&self) -> DropGuard {
        DropGuard(self.clone())
    }

    /// A function that tells Python the count.
    pub(crate) fn function<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let drops = self.clone();
        function(py, move |py| {
            Ok(drops.count().into_pyobject(py)?.into_any())
        })
    }
}

pub(crate) struct DropGuard(Drops);

impl Drop for DropGuard {
    fn drop(&mut self) {
        let (drops, changed) = &*self.0.0;
        *drops.lock().unwrap() += 1;
        changed.notify_all();
    }
}

/// Waits, when it is dropped, for a thread that needs Python.
pub(crate) struct AttachesWhenDropped;

impl Drop for AttachesWhenDropped {
    fn drop(&mut self) {
        let thread = std::thread::spawn(|| Python::attach(|_| ()));
        thread.join().unwrap();
    }
}

/// A value whose conversion panics.
pub(crate) struct Unconvertible;

impl<'py> IntoPyObject<'py> for Unconvertible {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, _py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        panic!("no conversion")
    }
}

/// Defines the tests for one runtime of the library.
macro_rules! conversion_tests {
    ($runtime:ident) => {
        use std::sync::{Mutex, mpsc};

        use pyo3::exceptions::{PyRuntimeError, PyStopIteration, PyTypeError, PyValueError};
        use pyo3::prelude::*;
        use pyo3::types::PyDict;
        use pyo3_aio::$runtime as runtime;
        use pyo3_aio::TaskLocals;
        use pyo3_aio::err::RustPanic;
        use tokio::sync::oneshot;

        use crate::conversions::{AttachesWhenDropped, Drops, Unconvertible};
        use crate::python::{call, function, python};

        /// Awaits what `name(argument)` returns, on the loop of the test.
        async fn awaited<F>(code: &'static std::ffi::CStr, name: &str, argument: F) -> PyResult<Py<PyAny>>
        where
            F: for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>>,
        {
            let future = Python::attach(|py| {
                let names = python(py, code)?;
                runtime::into_future(call(&names, name, argument(py)?)?)
            })?;
            future.await
        }

        /// A function that returns both kinds of awaitable for a future that is never ready.
        fn forever<'py>(py: Python<'py>, drops: &Drops, coroutine: bool) -> PyResult<Bound<'py, PyAny>> {
            let drops = drops.clone();
            function(py, move |py| {
                let guard = drops.guard();
                let future = async move {
                    let _guard = guard;
                    std::future::pending::<()>().await;
                    Ok(())
                };
                if coroutine {
                    runtime::into_coroutine(py, future)
                } else {
                    runtime::future_into_py(py, future)
                }
            })
        }

        #[pyo3_aio::$runtime::test]
        async fn a_ready_future_has_its_result() -> PyResult<()> {
            let code = c"async def main(f): return await f() + await f()";
            let sum = awaited(code, "main", |py| {
                function(py, |py| runtime::future_into_py(py, async { Ok(21) }))
            });
            let sum = sum.await?;
            Python::attach(|py| assert_eq!(sum.extract::<i32>(py).unwrap(), 42));
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_ready_coroutine_has_its_result() -> PyResult<()> {
            let code = c"async def main(f): return await f() + await asyncio.create_task(f())";
            let sum = awaited(code, "main", |py| {
                function(py, |py| runtime::into_coroutine(py, async { Ok(21) }))
            });
            let sum = sum.await?;
            Python::attach(|py| assert_eq!(sum.extract::<i32>(py).unwrap(), 42));
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_future_that_another_thread_completes_has_its_result() -> PyResult<()> {
            let code = c"async def main(f): return await asyncio.gather(*[f() for _ in range(100)])";
            let (senders, received) = mpsc::channel::<oneshot::Sender<usize>>();
            let completer = std::thread::spawn(move || {
                for (number, sender) in received.iter().take(100).enumerate() {
                    sender.send(number).unwrap();
                }
            });
            let numbers = awaited(code, "main", |py| {
                function(py, move |py| {
                    let (sender, receiver) = oneshot::channel();
                    senders.send(sender).unwrap();
                    runtime::future_into_py(py, async move { Ok(receiver.await.unwrap()) })
                })
            });
            let numbers = numbers.await?;
            completer.join().unwrap();
            Python::attach(|py| {
                let expected: Vec<usize> = (0..100).collect();
                assert_eq!(numbers.extract::<Vec<usize>>(py).unwrap(), expected);
            });
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn all_of_asyncio_takes_a_future() -> PyResult<()> {
            let code = c"
async def main(f):
    assert asyncio.isfuture(f()) and not asyncio.iscoroutine(f())
    assert await f() == 1
    assert await asyncio.gather(f(), f()) == [1, 1]
    assert await asyncio.wait_for(f(), 10) == 1
    assert await asyncio.shield(f()) == 1
    assert await asyncio.wrap_future(f()) == 1
    assert await asyncio.ensure_future(f()) == 1
    assert [await done for done in asyncio.as_completed([f(), f()])] == [1, 1]
    done, pending = await asyncio.wait([f(), f()])
    assert [future.result() for future in done] == [1, 1] and not pending
    future = f()
    assert future.get_loop() is asyncio.get_running_loop()
    await asyncio.wait([future])
    assert future.done() and not future.cancelled() and future.exception() is None
    assert not future.cancel()
";
            awaited(code, "main", |py| {
                function(py, |py| runtime::future_into_py(py, async { Ok(1) }))
            })
            .await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn all_of_asyncio_takes_a_coroutine() -> PyResult<()> {
            let code = c"
import collections.abc, inspect
async def main(f):
    coroutine = f()
    assert asyncio.iscoroutine(coroutine) and not asyncio.isfuture(coroutine)
    assert isinstance(coroutine, collections.abc.Coroutine) and inspect.isawaitable(coroutine)
    assert await coroutine == 1
    try:
        await coroutine
    except RuntimeError as error:
        assert str(error) == 'cannot reuse already awaited coroutine'
    else:
        assert False
    assert await asyncio.create_task(f()) == 1
    assert await asyncio.gather(f(), f()) == [1, 1]
    assert await asyncio.wait_for(f(), 10) == 1
    assert await asyncio.shield(f()) == 1
    if sys.version_info >= (3, 11):
        async with asyncio.TaskGroup() as group:
            task = group.create_task(f())
        assert task.result() == 1
    loop = asyncio.get_running_loop()
    threadsafe = lambda: asyncio.run_coroutine_threadsafe(f(), loop).result(10)
    assert await loop.run_in_executor(None, threadsafe) == 1
";
            awaited(code, "main", |py| {
                function(py, |py| {
                    runtime::into_coroutine(py, async {
                        let _ = runtime::spawn(async {}).await;
                        Ok(1)
                    })
                })
            })
            .await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_coroutine_starts_with_its_first_step() -> PyResult<()> {
            let drops = Drops::default();
            let code = c"
async def main(f):
    coroutine = f()
    await asyncio.sleep(0)
    assert drops() == 0
    coroutine.close()
    assert drops() == 1
    del coroutine
    f()
    assert drops() == 2
";
            Python::attach(|py| {
                let names = python(py, code)?;
                names.set_item("drops", drops.function(py)?)?;
                runtime::into_future(call(&names, "main", forever(py, &drops, true)?)?)
            })?
            .await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_panic_is_raised_with_its_text() -> PyResult<()> {
            let code = c"
async def main(f):
    try:
        await f()
    except RustPanic as error:
        return str(error)
";
            for coroutine in [false, true] {
                let text = Python::attach(|py| {
                    let names = python(py, code)?;
                    names.set_item("RustPanic", py.get_type::<RustPanic>())?;
                    let panics = function(py, move |py| {
                        let future = async { panic!("the text {}", 1) };
                        if coroutine {
                            runtime::into_coroutine::<_, ()>(py, future)
                        } else {
                            runtime::future_into_py::<_, ()>(py, future)
                        }
                    })?;
                    runtime::into_future(call(&names, "main", panics)?)
                })?
                .await?;
                let text = text.to_string();
                let place = text.strip_prefix("rust future panicked: the text 1 (").unwrap();
                assert!(place.starts_with("pytests") && place.ends_with(')'), "{place}");
            }
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_panic_whose_payload_panics_is_raised() -> PyResult<()> {
            struct Payload;
            impl Drop for Payload {
                fn drop(&mut self) {
                    panic!("dropped");
                }
            }
            let code = c"
async def main(f):
    for awaitable in f():
        try:
            await awaitable
        except Exception as error:
            assert type(error).__name__ == 'RustPanic' and 'not a string' in str(error), error
        else:
            assert False
";
            awaited(code, "main", |py| {
                function(py, |py| {
                    let panics = || async { std::panic::panic_any::<Payload>(Payload) };
                    let future = runtime::future_into_py::<_, ()>(py, panics())?;
                    let coroutine = runtime::into_coroutine::<_, ()>(py, panics())?;
                    Ok((future, coroutine).into_pyobject(py)?.into_any())
                })
            })
            .await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_panic_in_a_conversion_is_raised() -> PyResult<()> {
            let code = c"async def main(f): await f()";
            let error = awaited(code, "main", |py| {
                function(py, |py| runtime::future_into_py(py, async { Ok(Unconvertible) }))
            });
            let error = error.await.unwrap_err();
            Python::attach(|py| assert!(error.is_instance_of::<RustPanic>(py)));
            assert!(error.to_string().contains("no conversion"), "{error}");
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn stop_iteration_becomes_a_runtime_error() -> PyResult<()> {
            let code = c"async def main(f): await f()";
            for coroutine in [false, true] {
                let error = awaited(code, "main", |py| {
                    function(py, move |py| {
                        let future = async { Err(PyStopIteration::new_err("over")) };
                        if coroutine {
                            runtime::into_coroutine::<_, ()>(py, future)
                        } else {
                            runtime::future_into_py::<_, ()>(py, future)
                        }
                    })
                });
                let error = error.await.unwrap_err();
                Python::attach(|py| {
                    assert!(error.is_instance_of::<PyRuntimeError>(py));
                    assert!(error.cause(py).unwrap().is_instance_of::<PyStopIteration>(py));
                });
            }
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn an_exception_makes_the_round_trip_as_the_same_object() -> PyResult<()> {
            let code = c"
async def fails():
    try:
        1 / 0
    except ZeroDivisionError as cause:
        global raised
        raised = ValueError('round trip')
        raise raised from cause

async def main(f):
    try:
        await f(fails)
    except ValueError as error:
        assert error is raised
        assert isinstance(error.__cause__, ZeroDivisionError)
        frames, traceback = [], error.__traceback__
        while traceback:
            frames.append(traceback.tb_frame.f_code.co_name)
            traceback = traceback.tb_next
        assert 'fails' in frames and 'main' in frames, frames
        return True
";
            Python::attach(|py| {
                let names = python(py, code)?;
                let fails = names.get_item("fails")?.unwrap().unbind();
                let through = pyo3::types::PyCFunction::new_closure(py, None, None, move |args, _| {
                    let py = args.py();
                    let fails = fails.clone_ref(py);
                    runtime::future_into_py(py, async move {
                        let future = Python::attach(|py| runtime::into_future(fails.bind(py).call0()?))?;
                        future.await
                    })
                    .map(Bound::unbind)
                })?;
                runtime::into_future(call(&names, "main", through.into_any())?)
            })?
            .await
            .map(|_| ())
        }

        #[pyo3_aio::$runtime::test]
        async fn what_is_not_awaitable_is_a_type_error_at_once() {
            Python::attach(|py| {
                let number = 42_i32.into_pyobject(py).unwrap().into_any();
                let error = runtime::into_future(number).unwrap_err();
                assert!(error.is_instance_of::<PyTypeError>(py));
            });
        }

        #[pyo3_aio::$runtime::test]
        async fn dropping_the_rust_future_cancels_the_python_task() -> PyResult<()> {
            let code = c"
async def sleeps(started):
    try:
        started()
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        cancelled.set_result(None)
        raise
async def wait(_):
    await cancelled
";
            let (started, has_started) = oneshot::channel();
            let started = Mutex::new(Some(started));
            let (sleeps, wait) = Python::attach(|py| {
                let names = python(py, code)?;
                let event_loop = runtime::get_current_loop(py)?;
                names.set_item("cancelled", event_loop.call_method0("create_future")?)?;
                let started = function(py, move |py| {
                    started.lock().unwrap().take().unwrap().send(()).unwrap();
                    Ok(py.None().into_bound(py))
                })?;
                let sleeps = runtime::into_future(call(&names, "sleeps", started)?)?;
                let wait = runtime::into_future(call(&names, "wait", py.None().into_bound(py))?)?;
                PyResult::Ok((sleeps, wait))
            })?;
            has_started.await.unwrap();
            drop(sleeps);
            wait.await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn dropping_the_rust_future_before_the_task_started_closes_the_coroutine() -> PyResult<()> {
            let code = c"
import warnings
async def never(_):
    assert False
async def main(start):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        start()
        await asyncio.sleep(0.01)
        gc.collect()
        assert not caught, [str(one.message) for one in caught]
";
            Python::attach(|py| {
                let names = python(py, code)?;
                let never = names.get_item("never")?.unwrap().unbind();
                let start = function(py, move |py| {
                    drop(runtime::into_future(never.bind(py).call1((py.None(),))?)?);
                    Ok(py.None().into_bound(py))
                })?;
                runtime::into_future(call(&names, "main", start)?)
            })?
            .await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_detached_future_lets_the_task_run_on() -> PyResult<()> {
            let code = c"
async def runs(_):
    await asyncio.sleep(0)
    finished.set_result(None)
async def wait(_):
    await finished
";
            let wait = Python::attach(|py| {
                let names = python(py, code)?;
                let event_loop = runtime::get_current_loop(py)?;
                names.set_item("finished", event_loop.call_method0("create_future")?)?;
                runtime::into_future(call(&names, "runs", py.None().into_bound(py))?)?.detach();
                runtime::into_future(call(&names, "wait", py.None().into_bound(py))?)
            })?;
            wait.await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn cancelling_a_future_drops_the_rust_future() -> PyResult<()> {
            let drops = Drops::default();
            let code = c"
async def main(f):
    for count in range(1, 4):
        future = f()
        await asyncio.sleep(0.01)
        assert future.cancel('why') and future.cancelled() and future.done()
        try:
            await future
        except asyncio.CancelledError as error:
            assert error.args == ('why',)
        else:
            assert False
        assert drops() == count
    try:
        await asyncio.wait_for(f(), 0.01)
    except asyncio.TimeoutError:
        pass
    assert drops() == 4
";
            Python::attach(|py| {
                let names = python(py, code)?;
                names.set_item("drops", drops.function(py)?)?;
                runtime::into_future(call(&names, "main", forever(py, &drops, false)?)?)
            })?
            .await?;
            Ok(())
        }

        // Others set the handler of the loop too.
        #[pyo3_aio::$runtime::test(serial)]
        async fn callbacks_of_a_future_that_is_done_run_in_the_next_turn_in_order() -> PyResult<()> {
            let code = c"
async def main(f):
    loop, seen, told = asyncio.get_running_loop(), [], []
    loop.set_exception_handler(lambda loop, context: told.append(context['exception'].args))
    first, second = f(), f()
    def fails(future):
        raise ValueError('told')
    def nested(future):
        seen.append(4)
        future.add_done_callback(lambda future: seen.append(6))
    first.add_done_callback(lambda future: seen.append(1))
    first.add_done_callback(fails)
    second.add_done_callback(lambda future: seen.append(2))
    assert second.cancel() and first.cancel()
    first.add_done_callback(lambda future: seen.append(3))
    first.add_done_callback(nested)
    second.add_done_callback(lambda future: seen.append(5))
    assert seen == []
    await asyncio.sleep(0)
    assert seen == [2, 1, 3, 4, 5] and told == [('told',)], (seen, told)
    await asyncio.sleep(0)
    assert seen == [2, 1, 3, 4, 5, 6]
    loop.set_exception_handler(None)
";
            awaited(code, "main", |py| forever(py, &Drops::default(), false)).await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn the_awaiter_of_a_cancelled_coroutine_resumes_after_the_drop() -> PyResult<()> {
            let drops = Drops::default();
            let code = c"
async def main(f):
    for count in range(1, 50):
        task = asyncio.ensure_future(f())
        await asyncio.sleep(0)
        assert task.cancel('why') if sys.version_info >= (3, 9) else task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        else:
            assert False
        assert task.cancelled()
        assert drops() == count
";
            Python::attach(|py| {
                let names = python(py, code)?;
                names.set_item("drops", drops.function(py)?)?;
                runtime::into_future(call(&names, "main", forever(py, &drops, true)?)?)
            })?
            .await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_cancelled_error_from_rust_is_a_cancellation() -> PyResult<()> {
            let code = c"
async def cancels_itself():
    raise asyncio.CancelledError('inner')
async def main(f):
    future = f()
    await asyncio.wait([future])
    assert future.cancelled()
    try:
        await future
    except asyncio.CancelledError as error:
        # Before 3.11 asyncio drops the message of a task that cancels itself.
        assert error.args == ('inner',) or sys.version_info < (3, 11)
";
            Python::attach(|py| {
                let names = python(py, code)?;
                let inner = names.get_item("cancels_itself")?.unwrap().unbind();
                let through = function(py, move |py| {
                    let inner = inner.clone_ref(py);
                    runtime::future_into_py(py, async move {
                        Python::attach(|py| runtime::into_future(inner.bind(py).call0()?))?.await
                    })
                })?;
                runtime::into_future(call(&names, "main", through)?)
            })?
            .await?;
            Ok(())
        }

        // Others set the handler of the loop too.
        #[pyo3_aio::$runtime::test(serial)]
        async fn a_future_that_somebody_else_completes_keeps_that_result() -> PyResult<()> {
            let code = c"
async def main(f):
    loop, told = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda loop, context: told.append(context))
    try:
        future = f()
        future.set_result('mine')
        assert await future == 'mine'
        await asyncio.sleep(0.01)
        assert not told, told
    finally:
        loop.set_exception_handler(None)
";
            awaited(code, "main", |py| {
                function(py, |py| runtime::future_into_py(py, async { Ok(1) }))
            })
            .await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn results_are_freed_promptly() -> PyResult<()> {
            let code = c"
class Thing: pass
async def main(f):
    alive = 0
    for _ in range(300):
        await f()
        await asyncio.sleep(0)
        alive += kept() is not None
    return alive
";
            let alive = Python::attach(|py| {
                let names = python(py, code)?;
                let kept = py.eval(c"[None]", None, None)?;
                names.set_item("kept", py.eval(c"lambda kept: lambda: kept[0]()", None, None)?.call1((&kept,))?)?;
                let (thing, kept) = (names.get_item("Thing")?.unwrap().unbind(), kept.unbind());
                let weakref = py.import("weakref")?.getattr("ref")?.unbind();
                let echo = function(py, move |py| {
                    let thing = thing.bind(py).call0()?;
                    kept.bind(py).set_item(0, weakref.bind(py).call1((&thing,))?)?;
                    let thing = thing.unbind();
                    runtime::future_into_py(py, async move {
                        let _ = runtime::spawn(async {}).await;
                        Ok(thing)
                    })
                })?;
                runtime::into_future(call(&names, "main", echo)?)
            })?
            .await?;
            Python::attach(|py| assert_eq!(alive.extract::<usize>(py).unwrap(), 0));
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_spawned_child_finds_the_loop_of_its_parent() -> PyResult<()> {
            let code = c"async def main(f): return await f()";
            let found = awaited(code, "main", |py| {
                function(py, |py| {
                    runtime::into_coroutine(py, async {
                        let (send, received) = oneshot::channel();
                        // Spawned once in the first poll, on Python's thread, and once more from there.
                        let child = runtime::spawn(async {
                            runtime::spawn(async {
                                let sleep = Python::attach(|py| {
                                    let asyncio = py.import("asyncio")?;
                                    runtime::into_future(asyncio.call_method1("sleep", (0, "slept"))?)
                                });
                                send.send(async { sleep?.await }.await).unwrap();
                            });
                        });
                        drop(child);
                        received.await.unwrap()
                    })
                })
            });
            assert_eq!(found.await?.to_string(), "slept");
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn context_variables_reach_a_coroutine_under_a_rust_future() -> PyResult<()> {
            let code = c"
import contextvars
variable = contextvars.ContextVar('variable', default='default')
async def reads():
    return variable.get()
async def main(f):
    variable.set('set')
    return await f()
";
            let read = Python::attach(|py| {
                let names = python(py, code)?;
                let reads = names.get_item("reads")?.unwrap().unbind();
                let through = function(py, move |py| {
                    let reads = reads.clone_ref(py);
                    runtime::future_into_py(py, async move {
                        let _ = runtime::spawn(async {}).await;
                        Python::attach(|py| runtime::into_future(reads.bind(py).call0()?))?.await
                    })
                })?;
                runtime::into_future(call(&names, "main", through)?)
            })?
            .await?;
            assert_eq!(read.to_string(), "set");
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        fn run_returns_what_the_future_does() {
            Python::attach(|py| {
                let text = runtime::run(py, async { Ok("no Python object".to_owned()) });
                assert_eq!(text.unwrap(), "no Python object");
                let error = runtime::run(py, async { PyResult::<()>::Err(PyValueError::new_err("mine")) });
                assert!(error.unwrap_err().is_instance_of::<PyValueError>(py));
            });
        }

        #[pyo3_aio::$runtime::test]
        fn run_cancels_and_awaits_what_is_left_over() -> PyResult<()> {
            let code = c"
seen = []
async def left_over():
    try:
        seen.append('started')
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0)
        seen.append('cleaned up')
";
            Python::attach(|py| {
                let names = python(py, code)?;
                let left_over = names.get_item("left_over")?.unwrap().unbind();
                runtime::run(py, async move {
                    Python::attach(|py| {
                        runtime::into_future(left_over.bind(py).call0()?)?.detach();
                        let asyncio = py.import("asyncio")?;
                        runtime::into_future(asyncio.call_method1("sleep", (0.01,))?)
                    })?
                    .await
                })?;
                let seen: Vec<String> = names.get_item("seen")?.unwrap().extract()?;
                assert_eq!(seen, ["started", "cleaned up"]);
                Ok(())
            })
        }

        #[pyo3_aio::$runtime::test]
        async fn run_inside_a_running_loop_starts_nothing() -> PyResult<()> {
            let drops = Drops::default();
            let code = c"
async def main(f):
    try:
        f()
    except RuntimeError as error:
        assert 'running event loop' in str(error), error
        return True
";
            let guard = Mutex::new(Some(drops.guard()));
            Python::attach(|py| {
                let names = python(py, code)?;
                let nested = function(py, move |py| {
                    let guard = guard.lock().unwrap().take();
                    runtime::run(py, async move {
                        let _guard = guard;
                        panic!("it was started");
                    })
                    .map(|()| py.None().into_bound(py))
                })?;
                runtime::into_future(call(&names, "main", nested)?)
            })?
            .await?;
            assert_eq!(drops.count(), 1);
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        fn run_until_complete_leaves_the_loop_usable() -> PyResult<()> {
            Python::attach(|py| {
                let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
                for number in 0..3 {
                    let same = runtime::run_until_complete(event_loop.clone(), async move { Ok(number) })?;
                    assert_eq!(same, number);
                }
                event_loop.call_method0("close")?;
                let closed = runtime::run_until_complete(event_loop, async { Ok(()) });
                assert!(closed.unwrap_err().is_instance_of::<PyRuntimeError>(py));
                Ok(())
            })
        }

        #[pyo3_aio::$runtime::test]
        fn a_closed_loop_drops_the_rust_future_and_prints_nothing() -> PyResult<()> {
            let drops = Drops::default();
            Python::attach(|py| {
                let code = c"async def main(f): return f()";
                let names = python(py, code)?;
                let main = call(&names, "main", forever(py, &drops, false)?)?;
                let future = py.import("asyncio")?.call_method1("run", (main,))?;
                drops.wait_for(py, 1);
                assert!(!future.call_method0("done")?.is_truthy()?);
                Ok(())
            })
        }

        #[pyo3_aio::$runtime::test]
        fn a_conversion_on_a_closed_loop_is_an_error() -> PyResult<()> {
            Python::attach(|py| {
                let asyncio = py.import("asyncio")?;
                let event_loop = asyncio.call_method0("new_event_loop")?;
                event_loop.call_method0("close")?;
                let locals = TaskLocals::new(event_loop);
                let error = runtime::future_into_py_with_locals(py, locals.clone(), async { Ok(()) });
                assert!(error.unwrap_err().to_string().contains("Event loop is closed"));
                let sleep = asyncio.call_method1("sleep", (0,))?;
                let error = pyo3_aio::into_future_with_locals(&locals, sleep).unwrap_err();
                assert!(error.to_string().contains("Event loop is closed"));
                Ok(())
            })
        }

        #[pyo3_aio::$runtime::test]
        fn a_loop_that_dies_gives_the_waiting_rust_future_an_error() -> PyResult<()> {
            let (send, outcome) = mpsc::channel();
            Python::attach(|py| {
                let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
                let never = event_loop.call_method0("create_future")?;
                let future = pyo3_aio::into_future_with_locals(&TaskLocals::new(event_loop.clone()), never)?;
                runtime::spawn(async move {
                    let output = future.await;
                    send.send(output.unwrap_err().to_string()).unwrap();
                });
                let sleep = py.import("asyncio")?.call_method1("sleep", (0.01,))?;
                event_loop.call_method1("run_until_complete", (sleep,))?;
                event_loop.call_method0("close")?;
                let error = py.detach(move || outcome.recv()).unwrap();
                assert!(error.contains("Event loop is closed"), "{error}");
                Ok(())
            })
        }

        #[pyo3_aio::$runtime::test]
        fn several_loops_in_several_threads_do_not_meet() {
            let threads: Vec<_> = (0..4)
                .map(|number| {
                    std::thread::spawn(move || {
                        Python::attach(|py| {
                            let code = c"
async def main(f):
    return sum(await asyncio.gather(*[f() for _ in range(200)]))";
                            let names = python(py, code)?;
                            let numbers = function(py, move |py| {
                                runtime::future_into_py(py, async move {
                                    let _ = runtime::spawn(async {}).await;
                                    Ok(number)
                                })
                            })?;
                            let main = call(&names, "main", numbers)?;
                            let asyncio = py.import("asyncio")?;
                            asyncio.call_method1("run", (main,))?.extract::<usize>()
                        })
                    })
                })
                .collect();
            for (number, thread) in threads.into_iter().enumerate() {
                assert_eq!(thread.join().unwrap().unwrap(), 200 * number);
            }
        }

        #[pyo3_aio::$runtime::test]
        fn a_loop_without_add_reader_is_served_by_a_thread() -> PyResult<()> {
            let code = c"
class Loop(asyncio.SelectorEventLoop):
    def add_reader(self, *args):
        raise NotImplementedError
def main(f):
    async def awaits():
        return sum(await asyncio.gather(*[f() for _ in range(100)]))
    loop = Loop()
    # asyncio's own self-pipe does not go through add_reader.
    try:
        return loop.run_until_complete(awaits())
    finally:
        loop.close()
";
            Python::attach(|py| {
                let names: Bound<'_, PyDict> = python(py, code)?;
                let ones = function(py, |py| {
                    runtime::future_into_py(py, async {
                        let _ = runtime::spawn(async {}).await;
                        Ok(1)
                    })
                })?;
                let sum: usize = call(&names, "main", ones)?.extract()?;
                assert_eq!(sum, 100);
                Ok(())
            })
        }

        #[pyo3_aio::$runtime::test]
        async fn a_told_future_may_clean_up_and_still_be_cancelled() -> PyResult<()> {
            let code = c"
async def main(f):
    for make in f:
        task = asyncio.ensure_future(make())
        await asyncio.sleep(0.01)
        assert task.cancel('why')
        await asyncio.wait([task])
        assert task.cancelled() and cleaned.pop() == ('why',)
";
            Python::attach(|py| {
                let names = python(py, code)?;
                let cleaned = pyo3::types::PyList::empty(py);
                names.set_item("cleaned", &cleaned)?;
                let cleaned = cleaned.unbind();
                let make = move |mut cancel: pyo3_aio::CancelHandle, cleaned: Py<pyo3::types::PyList>| async move {
                    let exception = cancel.cancelled().await;
                    let _ = runtime::spawn(async {}).await;
                    Python::attach(|py| {
                        let arguments = exception.value(py).getattr("args")?;
                        cleaned.bind(py).append(arguments)
                    })?;
                    PyResult::<()>::Err(exception)
                };
                let other = cleaned.clone_ref(py);
                let coroutine = function(py, move |py| {
                    let cleaned = cleaned.clone_ref(py);
                    runtime::into_coroutine_cancellable(py, |cancel| make(cancel, cleaned))
                })?;
                let future = function(py, move |py| {
                    let cleaned = other.clone_ref(py);
                    runtime::future_into_py_cancellable(py, |cancel| make(cancel, cleaned))
                })?;
                let both = pyo3::types::PyTuple::new(py, [coroutine, future])?;
                runtime::into_future(call(&names, "main", both.into_any())?)
            })?
            .await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_told_future_may_finish_all_the_same() -> PyResult<()> {
            let code = c"
async def main(f):
    task = asyncio.ensure_future(f())
    await asyncio.sleep(0.01)
    assert task.cancel()
    return await task
";
            let finished = awaited(code, "main", |py| {
                function(py, |py| {
                    runtime::into_coroutine_cancellable(py, |mut cancel| async move {
                        cancel.cancelled().await;
                        assert!(!cancel.is_cancelled());
                        Ok("finished")
                    })
                })
            });
            assert_eq!(finished.await?.to_string(), "finished");
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_cancellation_that_a_told_future_cannot_hear_reaches_the_task() -> PyResult<()> {
            let code = c"
async def main(make):
    async def waits(future):
        await future
        return 'not cancelled'
    for future, finish in make(), make():
        task = asyncio.ensure_future(waits(future))
        await asyncio.sleep(0)
        finish()
        assert task.cancel()
        try:
            assert False, await task
        except asyncio.CancelledError:
            pass
";
            awaited(code, "main", |py| {
                let as_coroutine = std::sync::atomic::AtomicBool::new(true);
                function(py, move |py| {
                    let drops = Drops::default();
                    let (guard, (sender, receiver)) = (drops.guard(), oneshot::channel());
                    let make = move |_| async move {
                        let _guard = guard;
                        receiver.await.map_err(|_| pyo3::exceptions::PyValueError::new_err("nothing was sent"))
                    };
                    let future = if as_coroutine.swap(false, std::sync::atomic::Ordering::SeqCst) {
                        runtime::into_coroutine_cancellable(py, make)?
                    } else {
                        runtime::future_into_py_cancellable(py, make)?
                    };
                    let sender = Mutex::new(Some(sender));
                    let finish = function(py, move |py| {
                        let sender = sender.lock().unwrap().take();
                        sender.unwrap().send(()).unwrap();
                        drops.wait_for(py, 1);
                        // The guard is dropped by a poll, which is over soon, while this thread keeps the loop.
                        std::thread::sleep(std::time::Duration::from_millis(50));
                        Ok(py.None().into_bound(py))
                    })?;
                    Ok((future, finish).into_pyobject(py)?.into_any())
                })
            })
            .await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn what_is_thrown_into_a_told_coroutine_reaches_the_future() -> PyResult<()> {
            let code = c"
async def main(f):
    coroutine = f()
    coroutine.send(None)
    coroutine.throw(KeyError('thrown'))
    return await coroutine
";
            let thrown = awaited(code, "main", |py| {
                function(py, |py| {
                    runtime::into_coroutine_cancellable(py, |mut cancel| async move {
                        let thrown = cancel.cancelled().await;
                        Ok(thrown.to_string())
                    })
                })
            });
            assert_eq!(thrown.await?.to_string(), "KeyError: 'thrown'");
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_coroutine_has_the_name_that_it_was_given() {
            Python::attach(|py| {
                let coroutine = runtime::into_coroutine_with_name(py, "Client.get", async { Ok(()) }).unwrap();
                assert_eq!(coroutine.getattr("__name__").unwrap().to_string(), "get");
                assert_eq!(coroutine.getattr("__qualname__").unwrap().to_string(), "Client.get");
            });
        }

        #[pyo3_aio::$runtime::test]
        async fn context_variables_reach_a_synchronous_call_through_the_locals() -> PyResult<()> {
            let code = c"
import contextvars
variable = contextvars.ContextVar('variable', default='default')
async def main(f):
    variable.set('set')
    return await f()
";
            let read = Python::attach(|py| {
                let names = python(py, code)?;
                let get = names.get_item("variable")?.unwrap().getattr("get")?.unbind();
                let through = function(py, move |py| {
                    let get = get.clone_ref(py);
                    runtime::future_into_py(py, async move {
                        let _ = runtime::spawn(async {}).await;
                        Python::attach(|py| {
                            let locals = runtime::get_current_locals(py)?;
                            // Nested, since the context is in use then.
                            locals.run(py, |py| locals.run(py, |py| get.call0(py)))
                        })
                    })
                })?;
                runtime::into_future(call(&names, "main", through)?)
            })?
            .await?;
            assert_eq!(read.to_string(), "set");
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        fn block_on_lets_others_use_python_while_it_waits() -> PyResult<()> {
            Python::attach(|py| {
                let answer = runtime::block_on(py, async {
                    let _ = runtime::spawn(async {}).await;
                    Python::attach(|py| py.eval(c"6 * 7", None, None)?.extract::<u32>())
                })?;
                assert_eq!(answer, 42);
                let panicked = runtime::block_on::<_, ()>(py, async { panic!("in block_on") });
                let panicked = panicked.unwrap_err();
                assert!(panicked.is_instance_of::<RustPanic>(py));
                assert!(panicked.to_string().contains("in block_on"));
                Ok(())
            })
        }

        #[pyo3_aio::$runtime::test]
        async fn block_on_refuses_to_block_a_running_loop() -> PyResult<()> {
            let code = c"
async def main(f):
    try:
        f()
    except RuntimeError as error:
        assert 'await the future instead' in str(error), error
        return True
";
            awaited(code, "main", |py| {
                function(py, |py| {
                    runtime::block_on(py, async { Ok(()) })?;
                    Ok(py.None().into_bound(py))
                })
            })
            .await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_future_that_python_forgets_runs_on() -> PyResult<()> {
            let code = c"
async def main(f):
    f()
    gc.collect()
    await wait()
";
            let (sender, receiver) = oneshot::channel();
            let (go, gone) = oneshot::channel::<()>();
            Python::attach(|py| {
                let names = python(py, code)?;
                let parts = Mutex::new(Some((sender, gone)));
                let start = function(py, move |py| {
                    let (sender, gone) = parts.lock().unwrap().take().unwrap();
                    runtime::future_into_py(py, async move {
                        gone.await.unwrap();
                        sender.send(()).unwrap();
                        Ok(())
                    })
                })?;
                let waits = Mutex::new(Some((go, receiver)));
                let wait = function(py, move |py| {
                    let (go, receiver) = waits.lock().unwrap().take().unwrap();
                    go.send(()).unwrap();
                    runtime::future_into_py(py, async move {
                        receiver.await.unwrap();
                        Ok(())
                    })
                })?;
                names.set_item("wait", wait)?;
                runtime::into_future(call(&names, "main", start)?)
            })?
            .await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn the_number_of_threads_does_not_grow_with_the_futures() -> PyResult<()> {
            let code = c"
import os
def threads():
    return len(os.listdir('/proc/self/task')) if os.path.exists('/proc/self/task') else 0
async def main(f):
    await asyncio.gather(*[f() for _ in range(10)])
    before = threads()
    await asyncio.gather(*[f() for _ in range(3000)])
    # Tests that run beside this one have threads too.
    assert threads() <= before + 30, (before, threads())
";
            awaited(code, "main", |py| {
                function(py, |py| {
                    runtime::future_into_py(py, async {
                        let _ = runtime::spawn(async {}).await;
                        Ok(())
                    })
                })
            })
            .await?;
            Ok(())
        }

        // Others set the handler of the loop too.
        #[pyo3_aio::$runtime::test(serial)]
        async fn an_error_that_nobody_sees_is_told_to_the_loop() -> PyResult<()> {
            let code = c"
async def main(f):
    loop, told = asyncio.get_running_loop(), loop_told
    future = f()
    await asyncio.sleep(0.01)
    assert future.done()
    loop.set_exception_handler(lambda loop, context: told.append(context))
    try:
        del future
        gc.collect()
    finally:
        loop.set_exception_handler(None)
    assert [str(context['exception']) for context in told] == ['unseen'], told
loop_told = []
";
            awaited(code, "main", |py| {
                function(py, |py| {
                    runtime::future_into_py::<_, ()>(py, async { Err(PyValueError::new_err("unseen")) })
                })
            })
            .await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_panic_in_python_code_reaches_the_rust_future() -> PyResult<()> {
            let code = c"
async def at_once(f):
    f()
async def later(f):
    await asyncio.sleep(0)
    f()
";
            for name in ["at_once", "later"] {
                let panicked = awaited(code, name, |py| function(py, |_| panic!("below Python")));
                let panicked = panicked.await.unwrap_err();
                Python::attach(|py| assert!(panicked.is_instance_of::<RustPanic>(py)));
            }
            Ok(())
        }

        // Others set the handler of the loop too.
        #[pyo3_aio::$runtime::test(serial)]
        async fn a_callback_that_panics_harms_no_other_future() -> PyResult<()> {
            let code = c"
async def main(f):
    loop, told = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda loop, context: told.append(context))
    try:
        futures = [f() for _ in range(5)]
        for future in futures:
            future.add_done_callback(lambda _: panics())
            future.add_done_callback(lambda _: None)
        await asyncio.wait_for(asyncio.gather(*futures), 10)
        await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(None)
    assert len(told) == 5, told
";
            Python::attach(|py| {
                let names = python(py, code)?;
                names.set_item("panics", function(py, |_| panic!("in a callback"))?)?;
                let ready = function(py, |py| runtime::future_into_py(py, async { Ok(1) }))?;
                runtime::into_future(call(&names, "main", ready)?)
            })?
            .await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn an_error_whose_arguments_panic_is_a_panic() -> PyResult<()> {
            let code = c"
async def main(f):
    await asyncio.wait([asyncio.ensure_future(f()) for _ in range(5)])
    await f()
";
            let error = awaited(code, "main", |py| {
                function(py, |py| {
                    let unconvertible = || Err(PyValueError::new_err(Unconvertible));
                    runtime::future_into_py::<_, ()>(py, async move { unconvertible() })
                })
            });
            let error = error.await.unwrap_err();
            Python::attach(|py| assert!(error.is_instance_of::<RustPanic>(py)));
            Ok(())
        }

        #[pyo3_aio::$runtime::test]
        async fn a_coroutine_that_panicked_is_finished() -> PyResult<()> {
            let code = c"
async def main(f):
    coroutine = f()
    try:
        coroutine.send(None)
    except Exception as error:
        assert type(error).__name__ == 'RustPanic', error
    else:
        assert False
    coroutine.close()
";
            awaited(code, "main", |py| {
                function(py, |py| {
                    runtime::into_coroutine::<_, ()>(py, async { panic!("at once") })
                })
            })
            .await?;
            Ok(())
        }

        #[pyo3_aio::$runtime::test(timeout = "30s")]
        fn a_coroutine_that_never_ran_is_dropped_detached_from_python() {
            Python::attach(|py| {
                for step in ["", "close", "throw"] {
                    let guard = AttachesWhenDropped;
                    let coroutine = runtime::into_coroutine(py, async move {
                        let _guard = guard;
                        Ok(())
                    });
                    let coroutine = coroutine.unwrap();
                    match step {
                        "close" => drop(coroutine.call_method0("close").unwrap()),
                        "throw" => {
                            let error = py.get_type::<PyValueError>();
                            coroutine.call_method1("throw", (error,)).unwrap_err();
                        }
                        _ => drop(coroutine),
                    }
                }
            });
        }
    };
}
