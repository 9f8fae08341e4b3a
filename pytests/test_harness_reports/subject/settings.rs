//! The arguments of the attribute.

mod timeout {
    use std::thread;
    use std::time::Duration;

    use pyo3::prelude::*;

    #[pyo3_aio::tokio::test(timeout = "100ms")]
    async fn waits_for_python() -> PyResult<()> {
        let sleep = Python::attach(|py| {
            let sleep = py.import("asyncio")?.call_method1("sleep", (600,))?;
            pyo3_aio::tokio::into_future(sleep)
        })?;
        sleep.await?;
        Ok(())
    }

    #[pyo3_aio::async_std::test(timeout = "100ms")]
    async fn blocks_its_thread() {
        thread::sleep(Duration::from_secs(600));
    }

    #[pyo3_aio::smol::test(timeout = "100ms")]
    fn blocks_its_thread_synchronously() {
        thread::sleep(Duration::from_secs(600));
    }

    #[pyo3_aio::tokio::test(timeout = "100ms")]
    fn blocks_in_python() -> PyResult<()> {
        Python::attach(|py| py.import("time")?.call_method1("sleep", (600,)).map(drop))
    }

    #[pyo3_aio::tokio::test(timeout = "1m")]
    async fn panics_in_time() {
        panic!("well before the limit");
    }

    #[pyo3_aio::tokio::test(timeout = "1m")]
    fn is_in_time() {
        assert_eq!(
            thread::current().name(),
            Some("subject::settings::timeout::is_in_time")
        );
    }
}

mod given_up {
    use pyo3::ffi::c_str;
    use pyo3::prelude::*;
    use pyo3::types::PyDict;

    async fn run(code: &std::ffi::CStr) -> PyResult<()> {
        let main = Python::attach(|py| {
            let globals = PyDict::new(py);
            py.run(c_str!("import asyncio, sys"), Some(&globals), None)?;
            py.run(code, Some(&globals), None)?;
            let main = globals.get_item("main")?.expect("the code defines it");
            pyo3_aio::tokio::into_future(main.call0()?)
        })?;
        main.await.map(drop)
    }

    #[pyo3_aio::tokio::test(timeout = "100ms")]
    async fn a_waits() -> PyResult<()> {
        run(c_str!(
            "
async def main():
    sys.given_up = asyncio.Event()
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        sys.given_up.set()
        raise
"
        ))
        .await
    }

    #[pyo3_aio::tokio::test(timeout = "1m")]
    async fn b_sees_the_cancellation() -> PyResult<()> {
        run(c_str!("async def main(): await sys.given_up.wait()")).await
    }
}

/// Two at a time: the first times out while a task of the second is pending, which ends when the third has started.
mod tasks_at_once {
    use pyo3::ffi::c_str;
    use pyo3::prelude::*;
    use pyo3::types::PyDict;

    async fn run(code: &std::ffi::CStr) -> PyResult<()> {
        let main = Python::attach(|py| {
            let globals = PyDict::new(py);
            py.run(SHARED, Some(&globals), None)?;
            py.run(code, Some(&globals), None)?;
            let main = globals.get_item("main")?.expect("the code defines it");
            pyo3_aio::tokio::into_future(main.call0()?)
        })?;
        main.await.map(drop)
    }

    const SHARED: &std::ffi::CStr = c_str!(
        "
import asyncio, sys
def event():
    return sys.__dict__.setdefault('test_timed_out', asyncio.Event())
async def forever():
    await asyncio.Event().wait()
"
    );

    #[pyo3_aio::tokio::test(timeout = "1s")]
    async fn a_is_too_slow() -> PyResult<()> {
        run(c_str!(
            "async def main(): await asyncio.ensure_future(forever())"
        ))
        .await
    }

    #[pyo3_aio::tokio::test]
    async fn b_waits_beside_it() -> PyResult<()> {
        run(c_str!(
            "
async def beside():
    await event().wait()
async def main():
    await asyncio.ensure_future(beside())
"
        ))
        .await
    }

    #[pyo3_aio::tokio::test]
    async fn c_starts_thereupon() -> PyResult<()> {
        run(c_str!("async def main(): event().set()")).await
    }
}

mod raises {
    use pyo3::exceptions::{PyKeyError, PyValueError};
    use pyo3::prelude::*;

    #[pyo3_aio::tokio::test(raises = "KeyError")]
    async fn the_class() -> PyResult<()> {
        Err(PyKeyError::new_err("expected"))
    }

    #[pyo3_aio::tokio::test(raises = "LookupError")]
    fn a_class_derived_from_it() -> PyResult<()> {
        Err(PyKeyError::new_err("expected"))
    }

    #[pyo3_aio::tokio::test(raises = "asyncio.CancelledError")]
    async fn a_class_with_its_module() -> PyResult<()> {
        Python::attach(|py| {
            let class = py.import("asyncio")?.getattr("CancelledError")?;
            Err(PyErr::from_value(class.call0()?))
        })
    }

    #[pyo3_aio::tokio::test(raises = "KeyError")]
    async fn another_class() -> PyResult<()> {
        Err(PyValueError::new_err("another"))
    }

    #[pyo3_aio::tokio::test(raises = "KeyError")]
    fn another_error() -> Result<(), String> {
        Err("no exception".to_owned())
    }

    #[pyo3_aio::tokio::test(raises = "KeyError")]
    fn the_class_in_a_box() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Err(PyKeyError::new_err("expected"))?
    }

    #[pyo3_aio::tokio::test(raises = "KeyError")]
    async fn nothing() -> PyResult<()> {
        Ok(())
    }
}

mod serial {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    static RUNNING: AtomicUsize = AtomicUsize::new(0);

    fn run(most: usize) {
        let others = RUNNING.fetch_add(1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(20));
        let beside = RUNNING.fetch_sub(1, Ordering::SeqCst) - 1;
        assert!(
            others.max(beside) <= most,
            "{others} and {beside} other tests run"
        );
    }

    #[pyo3_aio::tokio::test]
    async fn a_first() {
        run(8);
    }

    #[pyo3_aio::tokio::test]
    fn b_second() {
        run(8);
    }

    #[pyo3_aio::tokio::test(serial)]
    async fn c_alone() {
        run(0);
    }

    #[pyo3_aio::async_std::test(serial)]
    fn d_alone_too() {
        run(0);
    }

    #[pyo3_aio::smol::test]
    async fn e_last() {
        run(8);
    }
}

mod event_loop {
    use pyo3::prelude::*;

    fn kind(event_loop: &Bound<'_, PyAny>) -> PyResult<String> {
        event_loop.get_type().module()?.extract()
    }

    #[expect(clippy::print_stdout, reason = "this is what is looked for")]
    fn describe() -> PyResult<()> {
        Python::attach(|py| {
            let event_loop = pyo3_aio::tokio::get_current_loop(py)?;
            println!("loop={}", kind(&event_loop)?);
            Ok(())
        })
    }

    #[pyo3_aio::tokio::test]
    async fn of_the_run() -> PyResult<()> {
        describe()
    }

    #[pyo3_aio::tokio::test(loop = "uvloop")]
    async fn uvloop() -> PyResult<()> {
        let awaited = Python::attach(|py| {
            let sleep = py.import("asyncio")?.call_method1("sleep", (0.001,))?;
            pyo3_aio::tokio::into_future(sleep)
        })?;
        awaited.await?;
        describe()
    }

    #[pyo3_aio::tokio::test(loop = "asyncio")]
    fn asyncio(event_loop: Py<PyAny>) -> PyResult<()> {
        Python::attach(|py| {
            assert!(kind(event_loop.bind(py)).is_ok_and(|kind| kind.starts_with("asyncio")))
        });
        describe()
    }
}

mod retries {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;

    /// Returns true at the first attempt of the test that has this counter.
    fn is_first(attempts: &AtomicUsize) -> bool {
        attempts.fetch_add(1, Ordering::SeqCst) == 0
    }

    #[pyo3_aio::tokio::test]
    async fn a_raises() -> PyResult<()> {
        static ATTEMPTS: AtomicUsize = AtomicUsize::new(0);
        let seconds = if is_first(&ATTEMPTS) { "one" } else { "0" };
        let sleep = Python::attach(|py| {
            let seconds = py.import("builtins")?.call_method1("float", (seconds,))?;
            let sleep = py.import("asyncio")?.call_method1("sleep", (seconds,))?;
            pyo3_aio::tokio::into_future(sleep)
        })?;
        sleep.await?;
        Ok(())
    }

    #[pyo3_aio::smol::test(serial)]
    fn b_asserts() {
        static ATTEMPTS: AtomicUsize = AtomicUsize::new(0);
        assert!(!is_first(&ATTEMPTS), "the first attempt");
    }

    #[pyo3_aio::async_std::test(timeout = "100ms")]
    async fn c_times_out() {
        static ATTEMPTS: AtomicUsize = AtomicUsize::new(0);
        if is_first(&ATTEMPTS) {
            std::future::pending::<()>().await;
        }
    }

    #[pyo3_aio::tokio::test]
    fn d_is_skipped(event_loop: Py<PyAny>) -> PyResult<()> {
        static ATTEMPTS: AtomicUsize = AtomicUsize::new(0);
        if is_first(&ATTEMPTS) {
            return Err(PyValueError::new_err(event_loop.to_string()));
        }
        pyo3_aio::testing::skip!("the second attempt");
    }

    #[pyo3_aio::tokio::test]
    async fn e_gives_up() {
        panic!("each attempt");
    }
}

mod interrupt {
    use std::future;

    /// Says when it is dropped.
    struct Dropped;

    impl Drop for Dropped {
        #[expect(clippy::print_stdout, reason = "this is what is looked for")]
        fn drop(&mut self) {
            println!("the future was dropped");
        }
    }

    #[pyo3_aio::tokio::test]
    fn fails() {
        panic!("this is to be reported");
    }

    #[pyo3_aio::tokio::test]
    #[expect(clippy::print_stdout, reason = "this is what is waited for")]
    async fn waits_for_ever() {
        let _dropped = Dropped;
        println!("waiting in {}", std::process::id());
        future::pending::<()>().await;
    }
}

mod leaks {
    use pyo3::ffi::c_str;
    use pyo3::prelude::*;
    use pyo3::sync::PyOnceLock;
    use pyo3::types::PyDict;

    /// Awaits `main` of some Python code, and returns.
    async fn run(code: &std::ffi::CStr) -> PyResult<()> {
        let main = Python::attach(|py| {
            let globals = PyDict::new(py);
            py.run(code, Some(&globals), None)?;
            let main = globals.get_item("main")?.expect("the code defines it");
            pyo3_aio::tokio::into_future(main.call0()?)
        })?;
        main.await.map(drop)
    }

    #[pyo3_aio::tokio::test]
    async fn leaves_a_task() -> PyResult<()> {
        run(c_str!(
            "
import asyncio
async def left(): await asyncio.sleep(60)
async def main(): asyncio.ensure_future(left())
"
        ))
        .await
    }

    /// Calls an async function at the same line each time, and awaits nothing.
    pub(super) fn leave_a_coroutine() -> PyResult<()> {
        // A module that another thread still executes is found already.
        static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
        Python::attach(|py| {
            let module = MODULE.get_or_try_init(py, || {
                PyModule::from_code(
                    py,
                    c_str!("async def left(): pass\ndef leave(): left()"),
                    c"test_helper_of_leaks.py",
                    c"test_helper_of_leaks",
                )
                .map(Bound::unbind)
            })?;
            module.bind(py).call_method0("leave").map(drop)
        })
    }

    #[pyo3_aio::smol::test]
    fn leaves_a_coroutine() -> PyResult<()> {
        leave_a_coroutine()
    }

    #[pyo3_aio::tokio::test]
    async fn leaves_a_coroutine_too() -> PyResult<()> {
        leave_a_coroutine()
    }

    /// It takes the loop some turns to end them.
    #[pyo3_aio::tokio::test]
    async fn cancels_its_tasks() -> PyResult<()> {
        let dropped = Python::attach(|py| {
            let sleep = py.import("asyncio")?.call_method1("sleep", (60,))?;
            pyo3_aio::tokio::into_future(sleep)
        })?;
        drop(dropped);
        run(c_str!(
            "
import asyncio
async def inner(): await asyncio.sleep(60)
async def outer(): await asyncio.wait([asyncio.ensure_future(inner())])
async def main():
    task = asyncio.ensure_future(outer())
    await asyncio.sleep(0)
    task.cancel()
    for other in asyncio.all_tasks():
        if other.get_coro().__name__ == 'inner': other.cancel()
"
        ))
        .await
    }

    #[pyo3_aio::tokio::test]
    async fn leaves_nothing() -> PyResult<()> {
        let dropped = Python::attach(|py| {
            let sleep = py.import("asyncio")?.call_method1("sleep", (60,))?;
            pyo3_aio::tokio::into_future(sleep)
        })?;
        drop(dropped);
        run(c_str!(
            "
import asyncio
async def done(): await asyncio.sleep(0.001)
async def main(): asyncio.ensure_future(done())
"
        ))
        .await
    }
}

mod failing_leaks {
    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;

    use super::leaks::leave_a_coroutine;

    #[pyo3_aio::tokio::test]
    async fn raises() -> PyResult<()> {
        leave_a_coroutine()?;
        Err(PyValueError::new_err("its own failure"))
    }

    #[pyo3_aio::tokio::test]
    async fn panics() {
        leave_a_coroutine().expect("the code is right");
        panic!("its own panic");
    }

    #[pyo3_aio::smol::test]
    fn panics_in_a_sync_test() {
        leave_a_coroutine().expect("the code is right");
        panic!("its own panic");
    }

    #[pyo3_aio::tokio::test]
    async fn is_the_next() {}
}

mod tags {
    #[pyo3_aio::tokio::test(tags = ["of_settings"])]
    async fn of_one_tag() {}

    #[pyo3_aio::smol::test(tags = ["of_settings", "slow"], timeout = "1m")]
    async fn of_two_tags() {}

    #[pyo3_aio::async_std::test(tags = ["of_settings",])]
    fn without_await() {}
}

mod own_attempts {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::*;

    #[pyo3_aio::tokio::test(retries = 1)]
    async fn succeeds_later() {
        static ATTEMPTS: AtomicUsize = AtomicUsize::new(0);
        assert_ne!(ATTEMPTS.fetch_add(1, Ordering::SeqCst), 0);
    }

    #[pyo3_aio::async_std::test(xfail = "issue 12")]
    async fn is_known_to_fail() -> PyResult<()> {
        Err(PyValueError::new_err("known"))
    }

    #[pyo3_aio::smol::test(xfail(strict))]
    fn is_known_to_panic() {
        panic!("known");
    }

    #[pyo3_aio::tokio::test(xfail(strict, reason = "issue 13"))]
    async fn succeeds_again() {}

    #[pyo3_aio::tokio::test(max_time = "1ms")]
    async fn takes_longer() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

mod generated {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use pyo3::prelude::*;
    use pyo3_aio::testing::Test;

    #[pyo3_aio::tokio::test_generator]
    fn rows() -> Vec<Test> {
        let attempts = Arc::new(AtomicUsize::new(0));
        vec![
            Test::from_async_fn("a_sleeps", || async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                let sleep = Python::attach(|py| {
                    let sleep = py.import("asyncio")?.call_method1("sleep", (0.001,))?;
                    pyo3_aio::tokio::into_future(sleep)
                })?;
                sleep.await.map(drop)
            })
            .with_tags(["generated"]),
            Test::from_fn("b_errs", || Err::<(), _>("wrong")),
            Test::from_fn("c_panics", || assert_eq!(1, 2, "as expected"))
                .with_should_panic(Some("expected")),
            Test::from_fn("d_is_ignored", || ()).with_ignored_reason("no network"),
            Test::from_async_fn("e_is_flaky", move || {
                let attempt = attempts.fetch_add(1, Ordering::SeqCst);
                async move { assert_eq!(attempt, 1) }
            })
            .with_retries(1),
            Test::from_async_fn("f_waits", std::future::pending::<()>)
                .with_timeout(Duration::from_millis(10))
                .with_expected_failure("never ends"),
        ]
    }

    #[pyo3_aio::smol::test_generator]
    fn folder_is_missing() -> std::io::Result<Vec<Test>> {
        std::fs::read_dir("/nonexistent/folder")?;
        Ok(Vec::new())
    }

    #[pyo3_aio::async_std::test_generator]
    fn nothing() -> Vec<Test> {
        Vec::new()
    }
}

mod own_loop {
    use pyo3::prelude::*;

    fn run(code: &std::ffi::CStr) -> PyResult<Py<PyAny>> {
        Python::attach(|py| {
            let globals = pyo3::types::PyDict::new(py);
            py.run(code, Some(&globals), None)?;
            let main = globals.get_item("main")?.expect("the code defines it");
            Ok(main.call0()?.unbind())
        })
    }

    async fn await_main(code: &std::ffi::CStr) -> PyResult<()> {
        let main = run(code)?;
        let main = Python::attach(|py| pyo3_aio::tokio::into_future(main.into_bound(py)))?;
        main.await.map(drop)
    }

    const CHANGES: &std::ffi::CStr = c"
import asyncio, threading
async def main():
    loop = asyncio.get_running_loop()
    assert not hasattr(threading.main_thread(), 'test_loops') or loop not in threading.main_thread().test_loops
    threading.main_thread().test_loops = getattr(threading.main_thread(), 'test_loops', []) + [loop]
    assert threading.current_thread() is not threading.main_thread()
    assert not loop.get_debug()
    loop.set_exception_handler(lambda *args: None)
    asyncio.ensure_future(asyncio.sleep(60))
";

    #[pyo3_aio::tokio::test(loop = "own")]
    async fn a_changes_its_loop() -> PyResult<()> {
        await_main(CHANGES).await
    }

    #[pyo3_aio::tokio::test(loop = "own", retries = 1)]
    async fn b_has_another_one() -> PyResult<()> {
        await_main(CHANGES).await
    }

    #[pyo3_aio::smol::test(loop = "own")]
    fn c_gets_it_as_an_argument(event_loop: Py<PyAny>) -> PyResult<()> {
        Python::attach(|py| {
            let event_loop = event_loop.bind(py);
            assert!(event_loop.call_method0("is_running")?.is_truthy()?);
            let main_thread = py.import("threading")?.call_method0("main_thread")?;
            let variables = main_thread.getattr("__dict__")?;
            let none = pyo3::types::PyTuple::empty(py);
            let others = variables.call_method1("get", ("test_loops", none))?;
            assert!(!others.contains(event_loop)?);
            Ok(())
        })
    }

    #[pyo3_aio::tokio::test]
    async fn d_does_not_notice() -> PyResult<()> {
        let code = c"
import asyncio, threading
async def main():
    loop = asyncio.get_running_loop()
    assert threading.current_thread() is threading.main_thread()
    assert loop not in threading.main_thread().test_loops
    assert all(other.is_closed() for other in threading.main_thread().test_loops)
";
        await_main(code).await
    }

    #[pyo3_aio::tokio::test(debug)]
    async fn e_is_slow_in_debug_mode() -> PyResult<()> {
        let code = c"
import asyncio, time
async def main():
    assert asyncio.get_running_loop().get_debug()
    time.sleep(0.15)
    raise ValueError('show the output')
";
        await_main(code).await
    }

    #[pyo3_aio::async_std::test(loop = "own", timeout = "100ms")]
    async fn f_waits_for_ever() {
        std::future::pending().await
    }
}
