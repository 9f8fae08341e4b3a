//! An extension module whose functions are awaited from Python, and await Python in turn.
//!
//! ```console
//! $ cargo build --example extension --features tokio-runtime
//! $ cp target/debug/examples/libextension.so extension.so
//! $ python3 -c 'import asyncio, extension; print(asyncio.run(extension.sleep(0.5)))'
//! 0.5
//! ```
//!
//! Within this repository, whose own tests need an embedded Python, the library also asks for libpython, which a Python
//! that has it in a shared library has loaded already. An extension of your own, without the feature `testing` in its
//! ordinary dependencies, does not ask for it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use pyo3::prelude::*;

/// Functions for asyncio, written in Rust.
#[pymodule]
mod extension {
    #[pymodule_export]
    use super::{
        block, call, call_blocking, call_for_ever, call_sync, call_when_dropped, count, for_each,
        forever, nap, nap_sync, ready, repeat, run, shutdown, sleep, sleep_on_async_std,
        sleep_on_smol, spawn_blocking, start_sleep, tick, use_one_thread,
    };
}

/// Sleeps: a coroutine, which starts when it is awaited.
#[pyfunction]
fn sleep(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
    pyo3_aio::tokio::into_coroutine(py, async move {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        Ok(seconds)
    })
}

/// Sleeps: a future, which has started already.
#[pyfunction]
fn start_sleep(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
    pyo3_aio::tokio::future_into_py(py, async move {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        Ok(seconds)
    })
}

/// Sleeps, and calls a function with the exception that cancels it: a coroutine, and a synchronous function `nap_sync`.
#[pyo3_aio::tokio::pyfunction(blocking = "nap_sync")]
async fn nap(
    seconds: f64,
    cancelled: Py<PyAny>,
    #[pyo3(cancel_handle)] mut cancel: pyo3_aio::CancelHandle,
) -> PyResult<f64> {
    tokio::select! {
        () = tokio::time::sleep(Duration::from_secs_f64(seconds)) => Ok(seconds),
        error = cancel.cancelled() => {
            Python::attach(|py| cancelled.call1(py, (error.value(py),)))?;
            Err(error)
        }
    }
}

/// Sleeps, on another runtime.
#[pyfunction]
fn sleep_on_async_std(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
    pyo3_aio::async_std::future_into_py(py, async move {
        async_std::task::sleep(Duration::from_secs_f64(seconds)).await;
        Ok(seconds)
    })
}

/// Sleeps, on yet another runtime.
#[pyfunction]
fn sleep_on_smol(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
    pyo3_aio::smol::into_coroutine(py, async move {
        smol::Timer::after(Duration::from_secs_f64(seconds)).await;
        Ok(seconds)
    })
}

/// Has its result at once: a future.
#[pyfunction]
fn ready(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    pyo3_aio::tokio::future_into_py(py, async { Ok(1) })
}

/// The numbers below `end`: an asynchronous generator.
#[pyfunction]
fn count(py: Python<'_>, end: usize) -> PyResult<Bound<'_, PyAny>> {
    pyo3_aio::tokio::stream_into_py(py, Count(0..end))
}

struct Count(std::ops::Range<usize>);

impl Stream for Count {
    type Item = PyResult<usize>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

/// Counts at intervals: an asynchronous generator without an end.
#[pyfunction]
fn tick(py: Python<'_>, seconds: f64) -> PyResult<Bound<'_, PyAny>> {
    let ticks = Ticks {
        period: Duration::from_secs_f64(seconds),
        next: None,
        count: 0,
    };
    pyo3_aio::tokio::stream_into_py(py, ticks)
}

struct Ticks {
    period: Duration,
    next: Option<Pin<Box<tokio::time::Sleep>>>,
    count: usize,
}

impl Stream for Ticks {
    type Item = PyResult<usize>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let period = self.period;
        // Made where it is polled, which is inside the runtime.
        let next = self
            .next
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(period)));
        ready!(next.as_mut().poll(cx));
        self.next = None;
        self.count += 1;
        Poll::Ready(Some(Ok(self.count)))
    }
}

/// Awaits what an async function of Python returns.
#[pyfunction]
fn call(py: Python<'_>, function: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
    pyo3_aio::tokio::future_into_py(py, async move {
        let awaited =
            Python::attach(|py| pyo3_aio::tokio::into_future(function.bind(py).call0()?))?;
        awaited.await
    })
}

/// Returns what an ordinary function of Python does, called on a thread of Rust's.
#[pyfunction]
fn call_sync(py: Python<'_>, function: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
    pyo3_aio::tokio::future_into_py(py, async move { Python::attach(|py| function.call0(py)) })
}

/// Calls an ordinary function of Python on a thread of the runtime that may block.
#[pyfunction]
fn spawn_blocking(function: Py<PyAny>) {
    drop(pyo3_aio::tokio::spawn_blocking(move || {
        Python::attach(|py| function.call0(py).map(drop))
    }));
}

/// Awaits what an async function of Python returns, again and again, in a task of Rust's own.
#[pyfunction]
fn call_for_ever(py: Python<'_>, function: Py<PyAny>) -> PyResult<()> {
    let locals = pyo3_aio::tokio::get_current_locals(py)?;
    drop(pyo3_aio::tokio::spawn(async move {
        let call = || {
            Python::attach(|py| {
                let awaitable = function.bind(py).call0()?;
                pyo3_aio::into_future_with_locals(&locals, awaitable)
            })
        };
        loop {
            match call() {
                Ok(awaited) => drop(awaited.await),
                // The loop is closed.
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }));
    Ok(())
}

/// Waits for ever, and calls a function of Python when it is given up.
#[pyfunction]
fn call_when_dropped(py: Python<'_>, function: Py<PyAny>) -> PyResult<Bound<'_, PyAny>> {
    let calls = CallsWhenDropped(function);
    pyo3_aio::tokio::into_coroutine(py, async move {
        let _calls = calls;
        std::future::pending::<PyResult<()>>().await
    })
}

/// Calls a function again and again, in a task of Rust's own, until it raises.
#[pyfunction]
fn repeat(function: Py<PyAny>) {
    drop(pyo3_aio::tokio::spawn(async move {
        while Python::attach(|py| function.call0(py)).is_ok() {
            tokio::task::yield_now().await;
        }
    }));
}

/// Calls a function with each item of an asynchronous generator, and with the exception that ends it, in a task of
/// Rust's own.
#[pyfunction]
fn for_each(generator: Bound<'_, PyAny>, function: Py<PyAny>) -> PyResult<()> {
    let mut items = Box::pin(pyo3_aio::tokio::into_stream(generator)?);
    drop(pyo3_aio::tokio::spawn(async move {
        while let Some(item) = poll_fn(|cx| items.as_mut().poll_next(cx)).await {
            let called = Python::attach(|py| {
                let item = item.unwrap_or_else(|error| error.into_value(py).into_any());
                function.call1(py, (item,))
            });
            if called.is_err() {
                return;
            }
        }
    }));
    Ok(())
}

struct CallsWhenDropped(Py<PyAny>);

impl Drop for CallsWhenDropped {
    fn drop(&mut self) {
        let _ = Python::attach(|py| self.0.call0(py));
    }
}

/// Sleeps, on an event loop of its own.
#[pyfunction]
fn run(py: Python<'_>, seconds: f64) -> PyResult<f64> {
    pyo3_aio::tokio::run(py, async move {
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        Ok(seconds)
    })
}

/// Sleeps without an event loop, and calls a function of Python when it is done or given up.
#[pyfunction]
fn block(py: Python<'_>, seconds: f64, function: Py<PyAny>) -> PyResult<f64> {
    let calls = CallsWhenDropped(function);
    pyo3_aio::tokio::block_on(py, async move {
        let _calls = calls;
        tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        Ok(seconds)
    })
}

/// Awaits what an async function of Python returns, on the loop in the background, and returns the result.
#[pyfunction]
fn call_blocking(py: Python<'_>, function: Py<PyAny>) -> PyResult<Py<PyAny>> {
    pyo3_aio::tokio::block_on_background(py, async move {
        let awaited =
            Python::attach(|py| pyo3_aio::tokio::into_future(function.bind(py).call0()?))?;
        awaited.await
    })
}

/// Calls a function with a new event loop, and runs that loop until it is stopped.
#[pyfunction]
fn forever(py: Python<'_>, function: &Bound<'_, PyAny>) -> PyResult<()> {
    pyo3_aio::with_runtime(py, || {
        let event_loop = py.import("asyncio")?.call_method0("get_event_loop")?;
        function.call1((event_loop,))?;
        pyo3_aio::run_forever(py)
    })
}

/// Makes a runtime with one thread, if there is none yet; returns whether it did.
#[pyfunction]
fn use_one_thread() -> bool {
    pyo3_aio::tokio::init_current_thread().is_ok()
}

/// Ends everything that is pending, and waits up to so many seconds for it.
#[pyfunction]
fn shutdown(py: Python<'_>, seconds: f64) -> bool {
    pyo3_aio::shutdown(py, Duration::from_secs_f64(seconds))
}
