//! Tests that keep for ever what others need.
#![expect(clippy::print_stdout, reason = "this is what is waited for")]

use std::io;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use pyo3::prelude::*;

/// Deadlocks with a thread that has a lock and waits for Python: for the GIL or, without one, for all threads to stop.
#[pyo3_aio::tokio::test]
fn keeps_python() {
    let lock = Arc::new(Mutex::new(()));
    let (locked, is_locked) = mpsc::channel();
    Python::attach(|_py| {
        let theirs = Arc::clone(&lock);
        thread::spawn(move || {
            let _guard = theirs.lock();
            let _ = locked.send(());
            Python::attach(|py| py.run(c"import gc; gc.collect()", None, None)).unwrap();
        });
        let _ = is_locked.recv();
        println!("waiting");
        drop(lock.lock());
    });
}

#[pyo3_aio::tokio::test(timeout = "500ms")]
fn keeps_standard_output() {
    let _stdout = io::stdout().lock();
    forever()
}

/// A lock that Python's exit functions want to have.
#[pyo3_aio::tokio::test]
fn keeps_a_lock_from_the_exit() -> PyResult<()> {
    static LOCK: Mutex<()> = Mutex::new(());
    Python::attach(|py| {
        let wait = pyo3::types::PyCFunction::new_closure(py, None, None, |_, _| drop(LOCK.lock()))?;
        let atexit = py.import("atexit")?;
        atexit.call_method1("register", (wait,)).map(drop)
    })?;
    let _guard = LOCK.lock();
    forever()
}

#[pyo3_aio::tokio::test]
fn keeps_the_threads_of_the_runtime() {
    for _ in 0..64 {
        drop(pyo3_aio::tokio::spawn(async { forever() }));
    }
    forever()
}

fn forever() -> ! {
    loop {
        thread::park();
    }
}
