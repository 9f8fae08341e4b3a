//! Event loops that are closed, or cannot be watched, end what is pending on them and leave nothing behind.

use std::ffi::CStr;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3_aio::{PyFuture, TaskLocals};

use crate::fixtures::python::python;
use crate::runtime;

/// Something to await, and loops to await it on.
pub(super) const LOOPS: &CStr = c"
async def sleep():
    await asyncio.sleep(60)

def turn(loop):
    loop.set_exception_handler(lambda loop, context: None)
    loop.call_soon(loop.stop)
    loop.run_forever()

# Until the loop has taken what was pushed to it, for which another thread wakes it.
def turn_until_it_sleeps(loop):
    while not asyncio.all_tasks(loop):
        turn(loop)

# Without `threading`, whose threads belong to tests, by a function of pyo3's.
def close_and_wait(loop, descriptor):
    import _thread, select
    _thread.start_new_thread(loop.close, ())
    # Without the GIL, what the other thread drops is freed by the thread that made it: this one, when it runs Python next.
    return any(select.select([descriptor], [], [], 0.1)[0] for _ in range(100))

class Dispatched(asyncio.SelectorEventLoop):
    add_reader = asyncio.AbstractEventLoop.add_reader

# Closed by another thread between the check of `call_soon_threadsafe` and the append.
class ClosedMeanwhile(Dispatched):
    is_racing = True

    def call_soon_threadsafe(self, callback, *args, context=None):
        if not self.is_racing:
            return super().call_soon_threadsafe(callback, *args, context=context)
        self.close()
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

class Unwatchable(asyncio.SelectorEventLoop):
    def add_reader(self, *args):
        raise OSError('cannot be watched')
";

/// One of the names that the code defines.
fn defined<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    python(py, LOOPS)?.as_any().get_item(name)
}

/// Starts `sleep()` on a loop that does not run here.
fn sleep_on(event_loop: &Bound<'_, PyAny>) -> PyResult<PyFuture> {
    let sleep = defined(event_loop.py(), "sleep")?.call0()?;
    let locals = TaskLocals::new(event_loop.clone());
    pyo3_aio::into_future_with_locals(&locals, sleep)
}

/// Fails with what a future on a closed loop has to fail with, or when it takes too long.
async fn is_told_that_the_loop_is_closed(future: PyFuture) {
    let output = tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("it is ready");
    let error = output.expect_err("the loop is closed").to_string();
    assert_eq!(error, "RuntimeError: Event loop is closed");
}

#[runtime::test]
async fn a_loop_that_is_closed_before_it_ran_ends_what_is_pending_on_it() -> PyResult<()> {
    let future = Python::attach(|py| {
        let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
        let future = sleep_on(&event_loop)?;
        event_loop.call_method0("close")?;
        PyResult::Ok(future)
    })?;
    is_told_that_the_loop_is_closed(future).await;
    Ok(())
}

#[runtime::test]
async fn a_loop_that_fails_to_watch_ends_what_is_pending_on_it() -> PyResult<()> {
    let (future, event_loop) = Python::attach(|py| {
        let event_loop = defined(py, "Unwatchable")?.call0()?;
        let future = sleep_on(&event_loop)?;
        defined(py, "turn")?.call1((&event_loop,))?;
        PyResult::Ok((future, event_loop.unbind()))
    })?;
    is_told_that_the_loop_is_closed(future).await;
    Python::attach(|py| event_loop.call_method0(py, "close"))?;
    Ok(())
}

#[runtime::test]
async fn a_closed_loop_without_add_reader_ends_what_is_pending_on_it() -> PyResult<()> {
    let future = Python::attach(|py| {
        let event_loop = defined(py, "Dispatched")?.call0()?;
        let future = sleep_on(&event_loop)?;
        defined(py, "turn")?.call1((&event_loop,))?;
        event_loop.call_method0("close")?;
        PyResult::Ok(future)
    })?;
    is_told_that_the_loop_is_closed(future).await;
    Ok(())
}

#[runtime::test]
fn a_loop_that_is_closed_while_it_is_connected_is_told_of() -> PyResult<()> {
    Python::attach(|py| {
        let event_loop = defined(py, "ClosedMeanwhile")?.call0()?;
        let error = sleep_on(&event_loop).expect_err("the loop is closed");
        assert_eq!(error.to_string(), "RuntimeError: Event loop is closed");
        Ok(())
    })
}

#[runtime::test]
async fn a_loop_that_is_closed_while_it_is_woken_ends_what_is_pending_on_it() -> PyResult<()> {
    let (future, _event_loop) = Python::attach(|py| {
        let event_loop = defined(py, "ClosedMeanwhile")?.call0()?;
        event_loop.setattr("is_racing", false)?;
        let first = sleep_on(&event_loop)?;
        defined(py, "turn_until_it_sleeps")?.call1((&event_loop,))?;
        event_loop.setattr("is_racing", true)?;
        // This wakes the loop.
        drop(sleep_on(&event_loop)?);
        PyResult::Ok((first, event_loop.unbind()))
    })?;
    is_told_that_the_loop_is_closed(future).await;
    Ok(())
}

/// No thread uses pyo3 between the close and the end.
#[cfg(unix)]
#[runtime::test]
fn a_loop_that_a_thread_of_python_closes_ends_what_is_pending_on_it_at_once() -> PyResult<()> {
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    let (reader, mut writer) = UnixStream::pair()?;
    let is_told = Python::attach(|py| {
        let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
        let future = sleep_on(&event_loop)?;
        let awaits = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            let output = runtime.expect("it is made").block_on(future);
            writer.write_all(b"!").expect("the other end is open");
            output
        });
        let told = defined(py, "close_and_wait")?.call1((event_loop, reader.as_raw_fd()))?;
        let output = py.detach(|| awaits.join()).expect("it does not panic");
        assert!(output.is_err());
        told.is_truthy()
    })?;
    assert!(is_told);
    Ok(())
}

#[cfg(target_os = "linux")]
#[runtime::test(serial)]
fn closed_loops_without_add_reader_leave_nothing() -> PyResult<()> {
    Python::attach(|py| {
        let before = (file_descriptors(), threads());
        let mut loops = Vec::new();
        for _ in 0..50 {
            let event_loop = defined(py, "Dispatched")?.call0()?;
            drop(sleep_on(&event_loop)?);
            defined(py, "turn")?.call1((&event_loop,))?;
            event_loop.call_method0("close")?;
            loops.push(pyo3::types::PyWeakrefReference::new(&event_loop)?);
        }
        let started = std::time::Instant::now();
        // A dispatcher's thread may be attached just now, and holds its loop then.
        let is_alive = |event_loop: &Bound<'_, pyo3::types::PyWeakrefReference>| {
            event_loop.upgrade().is_some()
        };
        while loops.iter().any(is_alive) {
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "a loop is alive"
            );
            py.detach(|| std::thread::sleep(Duration::from_millis(1)));
            py.import("gc")?.call_method0("collect")?;
        }
        // The threads end by themselves.
        while threads() > before.1 + 10 && started.elapsed() < Duration::from_secs(10) {
            py.detach(|| std::thread::sleep(Duration::from_millis(1)));
        }
        let after = (file_descriptors(), threads());
        let is_kept = after.0 < before.0 + 10 && after.1 < before.1 + 11;
        assert!(is_kept, "{before:?}, then {after:?}");
        Ok(())
    })
}

#[cfg(target_os = "linux")]
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task")
        .expect("the system lists them")
        .count()
}

#[cfg(unix)]
#[runtime::test(serial)]
fn loops_that_never_ran_leave_no_file_descriptors() -> PyResult<()> {
    Python::attach(|py| {
        let before = file_descriptors();
        for _ in 0..50 {
            let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
            drop(sleep_on(&event_loop)?);
            event_loop.call_method0("close")?;
        }
        // Others in this process may open one meanwhile.
        let after = file_descriptors();
        assert!(after < before + 10, "{before}, then {after}");
        Ok(())
    })
}

#[cfg(unix)]
fn file_descriptors() -> usize {
    std::fs::read_dir("/dev/fd")
        .expect("the system lists them")
        .count()
}
