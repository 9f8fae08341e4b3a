//! The tests that the others look at from outside.

use std::process::ExitCode;

use pyo3::prelude::*;

/// Runs the tests of this module, as a test binary does.
pub(crate) fn run() -> ExitCode {
    main()
}

/// Runs the tests of this module beside the loop of a main function of its own.
pub(crate) fn run_in_own_main() -> ExitCode {
    Python::initialize();
    let ended = Python::attach(|py| pyo3_aio::tokio::run(py, pyo3_aio::testing::main()));
    ExitCode::from(u8::from(ended.is_err()))
}

/// Runs them as a main function does that somebody has written by hand.
pub(crate) fn run_by_hand() -> PyResult<()> {
    Python::initialize();
    Python::attach(|py| pyo3_aio::tokio::run(py, pyo3_aio::testing::main()))
}

/// A main function with the attribute.
pub(crate) mod attribute {
    #[pyo3_aio::tokio::main]
    pub(crate) async fn main() -> pyo3::PyResult<()> {
        pyo3_aio::testing::main().await
    }
}

pyo3_aio::testing::main!(
    setup = async || shared::say("setup").await,
    teardown = async || shared::say("teardown").await
);

#[derive(Debug)]
struct OwnError;

mod compiled;
mod descriptors;
mod endings;
mod per_test;
mod replaced;
mod settings;
mod shared;
mod streams;
mod threads;
pub(crate) use threads::LOCK;
mod stuck;

mod ends {
    use pyo3::ffi::c_str;
    use pyo3::prelude::*;

    use super::{OwnError, run_python};

    #[pyo3_aio::tokio::test]
    async fn passes() {}

    #[pyo3_aio::async_std::test]
    fn passes_synchronously() {}

    #[pyo3_aio::tokio::test]
    async fn panics() {
        panic!("the text of the panic");
    }

    #[pyo3_aio::smol::test]
    fn panics_synchronously() {
        panic!("the text of the other panic");
    }

    #[pyo3_aio::tokio::test]
    async fn fails() -> Result<(), OwnError> {
        Err(OwnError)
    }

    #[pyo3_aio::tokio::test]
    async fn raises() -> PyResult<()> {
        run_python(RAISES)
    }

    #[pyo3_aio::tokio::test]
    fn raises_system_exit() -> PyResult<()> {
        run_python(c_str!("raise SystemExit(7)"))
    }

    #[pyo3_aio::tokio::test]
    #[ignore = "the reason"]
    async fn ignored() {
        panic!("ignored tests run on request only");
    }

    #[pyo3_aio::tokio::test]
    #[should_panic(expected = "this")]
    async fn panics_otherwise() {
        panic!("that");
    }

    const RAISES: &std::ffi::CStr = c_str!(
        "
def inner():
    {}['missing']

def outer():
    try:
        inner()
    except KeyError as error:
        raise ValueError('the message') from error

outer()
"
    );
}

mod prints {
    use pyo3::ffi::c_str;
    use pyo3::prelude::*;

    use super::run_python;

    /// Prints in Rust and in Python, on the runtime's thread and on the loop's, at the same time as its sister.
    #[expect(
        clippy::print_stdout,
        clippy::print_stderr,
        reason = "this is what is captured"
    )]
    async fn print_as(name: &'static str) -> PyResult<()> {
        println!("{name}: rust");
        let coroutine = Python::attach(|py| {
            let locals = pyo3::types::PyDict::new(py);
            locals.set_item("name", name)?;
            py.run(c_str!("print(name + ': python')"), None, Some(&locals))?;
            py.run(PRINTING_COROUTINE, None, Some(&locals))?;
            let coroutine = locals.get_item("coroutine")?.unwrap();
            let coroutine = coroutine.call1((name, converted(py, name)?))?;
            pyo3_aio::tokio::into_future(coroutine)
        })?;
        coroutine.await?;
        eprintln!("{name}: rust again");
        panic!("to be shown");
    }

    /// A function that returns futures of Rust's, which print where the runtime polls them, and on the loop's thread.
    #[expect(clippy::print_stdout, reason = "this is what is captured")]
    fn converted<'py>(py: Python<'py>, name: &'static str) -> PyResult<Bound<'py, PyAny>> {
        let make = pyo3::types::PyCFunction::new_closure(py, None, None, move |args, _| {
            let py = args.py();
            let future = pyo3_aio::tokio::future_into_py(py, async move {
                println!("{name}: future");
                Ok(())
            })?;
            let coroutine = pyo3_aio::tokio::into_coroutine(py, async move {
                println!("{name}: first poll");
                tokio::task::yield_now().await;
                let spawned = pyo3_aio::tokio::spawn(async move { println!("{name}: spawned") });
                spawned.await.unwrap();
                Ok(())
            })?;
            let (cancelled, given_up) = (Says(name, "cancelled"), Says(name, "given up"));
            let pending = pyo3_aio::tokio::future_into_py(py, async move {
                let _cancelled = cancelled;
                std::future::pending::<PyResult<()>>().await
            })?;
            let cold = pyo3_aio::tokio::into_coroutine(py, async move {
                drop(given_up);
                Ok(())
            })?;
            let made = (future, coroutine, pending, cold).into_pyobject(py)?;
            PyResult::Ok(made.unbind())
        })?;
        Ok(make.into_any())
    }

    /// Prints when it is dropped.
    struct Says(&'static str, &'static str);

    #[expect(clippy::print_stdout, reason = "this is what is captured")]
    impl Drop for Says {
        fn drop(&mut self) {
            println!("{}: {}", self.0, self.1);
        }
    }

    const PRINTING_COROUTINE: &std::ffi::CStr = c_str!(
        "
async def coroutine(name, converted):
    import asyncio, logging, sys, warnings
    *awaitables, pending, cold = converted()
    for awaitable in awaitables:
        await awaitable
    pending.cancel()
    del cold
    for _ in range(20):
        print(name + ': coroutine')
        await asyncio.sleep(0.001)
    print(name + ': error stream', file=sys.stderr)
    logging.warning(name + ': logging')
    warnings.warn(name + ': warnings')
    async def child():
        print(name + ': child')
    await asyncio.create_task(child())
    await asyncio.to_thread(print, name + ': thread')
    asyncio.get_running_loop().call_soon(lambda: 1 / 0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
"
    );

    #[pyo3_aio::tokio::test]
    async fn one() -> PyResult<()> {
        print_as("one").await
    }

    #[pyo3_aio::tokio::test]
    async fn two() -> PyResult<()> {
        print_as("two").await
    }

    /// Leaves errors that nobody can receive.
    #[pyo3_aio::tokio::test]
    async fn unreceived() -> PyResult<()> {
        let coroutine = Python::attach(|py| {
            let globals = pyo3::types::PyDict::new(py);
            py.run(UNRECEIVED, Some(&globals), None)?;
            let main = globals.get_item("main")?.expect("it is defined above");
            pyo3_aio::tokio::into_future(main.call0()?)
        })?;
        coroutine.await?;
        panic!("to be shown");
    }

    const UNRECEIVED: &std::ffi::CStr = c_str!(
        "
import asyncio, gc, threading

class Broken:
    def __del__(self):
        raise ValueError('in a finalizer')

async def fails():
    raise ValueError('never retrieved')

async def main():
    Broken()
    task = asyncio.ensure_future(fails())
    await asyncio.sleep(0.001)
    del task
    fails()
    gc.collect()
"
    );

    /// A thread that a sync test starts in Python.
    #[pyo3_aio::tokio::test]
    fn in_a_thread() -> PyResult<()> {
        run_python(c_str!(
            "
import threading
def work():
    print('printed in a thread')
    raise ValueError('raised in a thread')
thread = threading.Thread(target=work)
thread.start()
thread.join()
"
        ))?;
        panic!("to be shown");
    }

    /// Starts threads in a coroutine, and has those of a pool that both tests have work for it.
    async fn start_threads_as(name: &'static str) -> PyResult<()> {
        let main = Python::attach(|py| {
            let globals = pyo3::types::PyDict::new(py);
            globals.set_item("name", name)?;
            globals.set_item("pool", pool(py)?)?;
            py.run(STARTING_COROUTINE, Some(&globals), None)?;
            let main = globals.get_item("main")?.expect("it is defined below");
            pyo3_aio::tokio::into_future(main.call0()?)
        })?;
        main.await?;
        panic!("to be shown");
    }

    fn pool(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
        static POOL: pyo3::sync::PyOnceLock<Py<PyAny>> = pyo3::sync::PyOnceLock::new();
        let pool = POOL.get_or_try_init(py, || {
            let class = py
                .import("concurrent.futures")?
                .getattr("ThreadPoolExecutor")?;
            PyResult::Ok(class.call1((1,))?.unbind())
        })?;
        Ok(pool.bind(py))
    }

    const STARTING_COROUTINE: &std::ffi::CStr = c_str!(
        "
import asyncio, os, threading

def work():
    print(name + ': thread')
    os.write(1, (name + ': descriptor\\n').encode())
    inner = threading.Timer(0, lambda: print(name + ': thread of a thread'))
    inner.start()
    inner.join()
    raise ValueError(name + ': raised in a thread')

async def called_back():
    print(name + ': called back')

async def main():
    loop = asyncio.get_running_loop()
    thread = threading.Thread(target=work)
    thread.start()
    for _ in range(20):
        await loop.run_in_executor(pool, print, name + ': shared pool')
    await loop.run_in_executor(None, print, name + ': pool of the loop')
    def call_back():
        asyncio.run_coroutine_threadsafe(called_back(), loop).result()
    await loop.run_in_executor(None, call_back)
    while thread.is_alive():
        await asyncio.sleep(0.001)
"
    );

    #[pyo3_aio::tokio::test]
    async fn threads_one() -> PyResult<()> {
        start_threads_as("one").await
    }

    #[pyo3_aio::tokio::test]
    async fn threads_two() -> PyResult<()> {
        start_threads_as("two").await
    }

    /// An exception with everything that a traceback shows.
    #[pyo3_aio::tokio::test]
    fn a_group_with_a_note() -> PyResult<()> {
        run_python(c_str!(
            "
import sys
error = ValueError('inner')
if sys.version_info >= (3, 11):
    error.add_note('the note')
    raise ExceptionGroup('the group', [error])
raise error
"
        ))
    }

    #[pyo3_aio::tokio::test]
    fn accented() -> PyResult<()> {
        run_python(c_str!("print('caf\\u00e9')"))
    }

    /// A lone surrogate, which stands for a byte of a file's name for example.
    #[pyo3_aio::tokio::test]
    fn surrogate_to_stdout() -> PyResult<()> {
        run_python(c_str!("print('before'); print('caf\\udce9')"))
    }

    #[pyo3_aio::tokio::test]
    fn surrogate_to_stderr() -> PyResult<()> {
        run_python(c_str!(
            "import sys; assert sys.stderr.write('caf\\udce9\\n') == 5"
        ))
    }
}

mod interpreter {
    use pyo3::ffi::c_str;
    use pyo3::prelude::*;

    use super::run_python;

    /// Prints what the interpreter takes itself for.
    #[pyo3_aio::tokio::test]
    fn describes_itself() -> PyResult<()> {
        run_python(c_str!(
            "
import os, shutil, subprocess, sys, signal, threading
print('prefix=' + sys.prefix)
print('executable=' + sys.executable)
child = subprocess.run(
    [sys.executable, '-c', 'import sys; print(sys.version_info[:2] + (sys.prefix,))'],
    stdout=subprocess.PIPE, check=True, text=True,
).stdout.strip()
print('child agrees=' + str(child == str(sys.version_info[:2] + (sys.prefix,))))
print('argv=' + ' '.join(sys.argv[1:]))
print('path[0]=' + sys.path[0])
print('VIRTUAL_ENV=' + str(os.environ.get('VIRTUAL_ENV')))
print('on PATH=' + str(shutil.which('python3')))
print('sigint=' + str(signal.getsignal(signal.SIGINT) is signal.default_int_handler))
print('utf8=' + sys.stdout.encoding)
"
        ))
    }
}

mod isolation {
    use pyo3::ffi::c_str;
    use pyo3::prelude::*;

    use super::run_python;

    #[pyo3_aio::tokio::test]
    fn kills_its_process() -> PyResult<()> {
        run_python(c_str!(
            "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
        ))
    }

    /// `--isolate` starts the binary again, so that its parent is one as well.
    #[pyo3_aio::tokio::test]
    async fn runs_in_a_child() -> PyResult<()> {
        let main = Python::attach(|py| {
            let globals = pyo3::types::PyDict::new(py);
            py.run(IN_A_CHILD, Some(&globals), None)?;
            let main = globals.get_item("main")?.expect("it is defined below");
            pyo3_aio::tokio::into_future(main.call0()?)
        })?;
        main.await.map(drop)
    }

    const IN_A_CHILD: &std::ffi::CStr = c_str!(
        "
import asyncio, os
async def main():
    await asyncio.sleep(0.001)
    def program(pid):
        return os.readlink('/proc/%s/exe' % pid)
    if os.path.isdir('/proc/self'):
        assert program(os.getppid()) == program(os.getpid())
    print('on the loop of a child')
"
    );
}

fn run_python(code: &std::ffi::CStr) -> PyResult<()> {
    Python::attach(|py| py.run(code, Some(&pyo3::types::PyDict::new(py)), None))
}
