//! Tests that have a thread and a runtime to themselves.

use std::future::pending;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use pyo3::prelude::*;

/// Prints when it is dropped.
struct Says(&'static str);

impl Drop for Says {
    #[expect(clippy::print_stdout, reason = "this is what is looked for")]
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

/// Sleeps in Python a few times, with a value that cannot be sent across, on a thread that stays.
macro_rules! stays {
    ($runtime:ident) => {{
        let (here, value) = (thread::current().id(), Rc::new(()));
        for _ in 0..20 {
            let sleep = Python::attach(|py| {
                let sleep = py.import("asyncio")?.call_method1("sleep", (0,))?;
                pyo3_aio::$runtime::into_future(sleep)
            })?;
            sleep.await?;
            assert_eq!(thread::current().id(), here);
            let name = concat!("subject::threads::stays_on_", stringify!($runtime));
            assert_eq!(thread::current().name(), Some(name));
        }
        drop(value);
        PyResult::Ok(())
    }};
}

#[pyo3_aio::tokio::test]
async fn stays_on_tokio() -> PyResult<()> {
    stays!(tokio)
}

#[pyo3_aio::async_std::test]
async fn stays_on_async_std() -> PyResult<()> {
    stays!(async_std)
}

#[pyo3_aio::smol::test]
async fn stays_on_smol() -> PyResult<()> {
    stays!(smol)
}

#[pyo3_aio::tokio::test]
async fn has_a_runtime_of_its_own() {
    use tokio::runtime::{Handle, RuntimeFlavor};

    let own = Handle::current();
    assert_eq!(own.runtime_flavor(), RuntimeFlavor::CurrentThread);
    let library = pyo3_aio::tokio::get_handle();
    assert_ne!(own.id(), library.id());
    // Code under test is polled where it is outside of tests.
    let spawned = pyo3_aio::tokio::spawn(async { Handle::current().id() });
    assert_eq!(spawned.await.ok(), Some(library.id()));
    let here = thread::current().id();
    let spawned = tokio::spawn(async { thread::current().id() });
    assert_eq!(spawned.await.ok(), Some(here));
}

#[pyo3_aio::tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn has_several_threads() {
    use tokio::runtime::{Handle, RuntimeFlavor};

    let own = Handle::current();
    assert_eq!(own.runtime_flavor(), RuntimeFlavor::MultiThread);
    assert_eq!(own.metrics().num_workers(), 2);
    let here = thread::current().id();
    let spawned = tokio::spawn(async { thread::current().id() });
    assert!(spawned.await.is_ok_and(|there| there != here));
}

#[pyo3_aio::tokio::test(start_paused = true)]
async fn starts_paused() {
    let (began, since) = (tokio::time::Instant::now(), std::time::Instant::now());
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(began.elapsed() >= Duration::from_secs(3600));
    assert!(since.elapsed() < Duration::from_secs(60));
}

#[pyo3_aio::tokio::test]
async fn pauses_the_clock() {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(3600)).await;
}

/// Python's own thread-local state, which a thread has as long as it runs.
mod thread_local {
    use pyo3::ffi::c_str;
    use pyo3::prelude::*;
    use pyo3::types::PyDict;

    fn local() -> PyResult<Py<PyAny>> {
        Python::attach(|py| {
            let globals = PyDict::new(py);
            let code = c_str!("import threading\nlocal = threading.local()\nlocal.value = 1");
            py.run(code, Some(&globals), None)?;
            Ok(globals.as_any().get_item("local")?.unbind())
        })
    }

    fn is_there(local: &Py<PyAny>) -> bool {
        Python::attach(|py| local.bind(py).hasattr("value")).unwrap_or(false)
    }

    #[pyo3_aio::tokio::test]
    async fn holds_across_awaits() -> PyResult<()> {
        let local = local()?;
        tokio::task::yield_now().await;
        assert!(is_there(&local));
        Ok(())
    }

    #[pyo3_aio::tokio::test]
    fn holds_in_a_sync_test() -> PyResult<()> {
        let local = local()?;
        assert!(is_there(&local));
        Ok(())
    }
}

/// A coroutine that the test's own thread gives to the loop in Python's way.
mod given_to_the_loop {
    use pyo3::ffi::c_str;
    use pyo3::prelude::*;
    use pyo3::types::PyDict;

    #[pyo3_aio::tokio::test]
    fn prints(event_loop: Py<PyAny>) -> PyResult<()> {
        Python::attach(|py| {
            let globals = PyDict::new(py);
            globals.set_item("loop", event_loop)?;
            py.run(
                c_str!(
                    "
import asyncio
async def prints():
    print('printed by a coroutine')
asyncio.run_coroutine_threadsafe(prints(), loop).result()
"
                ),
                Some(&globals),
                None,
            )
        })
    }
}

/// Prints and panics of tasks, on one thread and on several.
mod tasks {
    #[expect(clippy::print_stdout, reason = "this is what is looked for")]
    async fn run() {
        let printed = tokio::spawn(async { println!("printed in a task") }).await;
        assert!(printed.is_ok());
        let panicked = tokio::spawn(async { panic!("panicked in a task") }).await;
        assert!(panicked.is_err());
    }

    #[pyo3_aio::tokio::test]
    async fn on_one_thread() {
        run().await;
    }

    #[pyo3_aio::tokio::test(flavor = "multi_thread")]
    async fn on_several_threads() {
        run().await;
    }
}

/// Tests that leave tasks behind.
mod left {
    use super::{Duration, Says, pending, thread};

    #[pyo3_aio::tokio::test]
    async fn a_pending_task() {
        let says = Says("dropped on one thread");
        tokio::spawn(async move {
            pending::<()>().await;
            drop(says);
        });
        tokio::task::yield_now().await;
    }

    #[pyo3_aio::tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_pending_task_on_another_thread() {
        let says = Says("dropped on several threads");
        tokio::spawn(async move {
            pending::<()>().await;
            drop(says);
        });
    }

    #[pyo3_aio::tokio::test]
    async fn one_that_blocks() {
        block().await;
    }

    #[pyo3_aio::tokio::test]
    async fn one_that_blocks_and_an_error() -> Result<(), &'static str> {
        block().await;
        Err("its own error")
    }

    async fn block() {
        let (started, has_started) = tokio::sync::oneshot::channel();
        tokio::task::spawn_blocking(|| {
            let _ = started.send(());
            thread::sleep(Duration::from_secs(600));
        });
        assert!(has_started.await.is_ok());
    }
}

/// Serial tests that take one lock file: see [`LOCK`].
mod serial {
    use std::fs::{self, File};
    use std::io;
    use std::path::PathBuf;

    use super::{Duration, thread};

    /// Names the lock file.
    pub(crate) const LOCK: &str = "PYO3_AIO_TEST_LOCK";

    fn take() -> io::Result<()> {
        let lock = PathBuf::from(std::env::var_os(LOCK).unwrap_or_default());
        File::create_new(&lock)?;
        // Long enough for whatever else would start.
        thread::sleep(Duration::from_millis(50));
        fs::remove_file(&lock)
    }

    #[pyo3_aio::tokio::test(serial)]
    async fn a() -> io::Result<()> {
        take()
    }

    #[pyo3_aio::smol::test(serial)]
    async fn b() -> io::Result<()> {
        take()
    }

    #[pyo3_aio::tokio::test(serial)]
    fn c() -> io::Result<()> {
        take()
    }
}
pub(crate) use serial::LOCK;

/// Holds Python, and waits for a lock whose holder waits for Python.
mod deadlock {
    use std::sync::{Mutex, mpsc};

    use pyo3::prelude::*;

    use super::thread;

    static LOCK: Mutex<()> = Mutex::new(());

    // The other thread waits for the GIL or, without one, for all threads to stop.
    #[pyo3_aio::tokio::test(timeout = "1s")]
    fn with_python() {
        let (locked, is_locked) = mpsc::channel();
        Python::attach(|_| {
            thread::spawn(move || {
                let _held = LOCK.lock();
                let _ = locked.send(());
                Python::attach(|py| py.run(c"import gc; gc.collect()", None, None)).unwrap();
            });
            let _ = is_locked.recv();
            drop(LOCK.lock());
        });
    }

    #[pyo3_aio::tokio::test]
    fn z_is_fine() {}
}
