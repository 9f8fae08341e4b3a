//! How Python programs end that use an extension module: with their own exit status, and nothing on stderr.
//!
//! Each program is a process of its own, of the Python that the tests were built for, without anything in its
//! environment that could hide a fault.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

pyo3_aio::testing::main!();

/// How often a program has to end well. More in CI, by the variable of this name.
fn repetitions() -> usize {
    std::env::var("PYO3_AIO_EXIT_REPETITIONS").map_or(20, |count| count.parse().unwrap())
}

/// How long one program may take.
const TIMEOUT: Duration = Duration::from_secs(30);

#[pyo3_aio::tokio::test]
fn a_program_that_awaited_everything_ends_well() {
    all_end_well(
        "
import asyncio, extension
async def main():
    assert await extension.ready() == 1
asyncio.run(main())
",
    );
}

#[pyo3_aio::tokio::test]
fn a_program_that_awaited_many_in_turn_ends_well() {
    all_end_well(
        "
import asyncio, extension
async def main():
    for _ in range(50):
        await extension.ready()
    await asyncio.gather(*[extension.sleep(0.001) for _ in range(200)])
asyncio.run(main())
",
    );
}

#[pyo3_aio::tokio::test]
fn a_program_that_leaves_futures_pending_ends_well() {
    all_end_well(
        "
import asyncio, extension
async def main():
    for _ in range(300):
        extension.start_sleep(60)
        extension.call_sync(lambda: 1)
        extension.call(lambda: asyncio.sleep(0))
asyncio.run(main())
",
    );
}

#[pyo3_aio::tokio::test]
fn a_loop_that_is_neither_closed_nor_awaited_ends_well() {
    all_end_well(
        "
import asyncio, extension
async def main():
    extension.start_sleep(60)
    extension.call_sync(lambda: 1)
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
",
    );
}

#[pyo3_aio::tokio::test]
fn a_program_whose_futures_call_python_when_they_are_dropped_ends_well() {
    all_end_well(
        "
import asyncio, extension, time
def called():
    for _ in range(10):
        time.sleep(0.001)
async def main():
    coroutines = [extension.call_when_dropped(called) for _ in range(20)]
    for coroutine in coroutines:
        coroutine.send(None)
    for coroutine in coroutines:
        coroutine.close()
    await asyncio.sleep(0.001)
asyncio.run(main())
",
    );
}

#[pyo3_aio::tokio::test]
fn spawned_tasks_call_nothing_after_the_exit_hook() {
    all_end_well(
        "
import atexit, os, time
def later():
    before = calls
    time.sleep(0.05)
    if calls != before:
        os._exit(3)
# Registered before the hook, and so called after it.
atexit.register(later)
import asyncio, extension
calls = 0
async def awaited():
    pass
def called():
    global calls
    calls += 1
    return awaited()
async def main():
    for _ in range(20):
        extension.call_for_ever(called)
    await asyncio.sleep(0.01)
asyncio.run(main())
",
    );
}

#[pyo3_aio::tokio::test]
fn a_program_ends_with_its_own_status() {
    let (status, stderr) = run("
import asyncio, extension, sys
async def main():
    extension.start_sleep(60)
    await extension.ready()
    sys.exit(7)
asyncio.run(main())
");
    assert_eq!((status.code(), stderr.as_str()), (Some(7), ""));
}

#[pyo3_aio::tokio::test]
fn an_exit_hook_that_cannot_be_registered_is_an_error_once() {
    let (status, stderr) = run("
import asyncio, atexit, extension
registered = []
class Register:
    failures = 1
    def __call__(self, function):
        if self.failures:
            self.failures -= 1
            raise MemoryError
        registered.append(function)
atexit.register = Register()
async def main():
    try:
        await extension.ready()
    except MemoryError:
        pass
    else:
        assert False
    assert await asyncio.wait_for(extension.ready(), 10) == 1
asyncio.run(main())
assert len(registered) == 1
registered[0]()
");
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

#[pyo3_aio::tokio::test]
fn run_forever_runs_the_loop_of_with_runtime_until_it_is_stopped() {
    let (status, stderr) = run("
import asyncio, extension
seen = []
async def left_over():
    try:
        await asyncio.sleep(60)
    finally:
        seen.append('cancelled')
async def main(loop):
    loop.left_over = loop.create_task(left_over())
    seen.append(await extension.sleep(0.01))
    loop.stop()
def start(loop):
    loop.main = loop.create_task(main(loop))
    seen.append(loop)
extension.forever(start)
loop, slept, cancelled = seen
assert loop.is_closed() and slept == 0.01 and cancelled == 'cancelled'
");
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

#[pyo3_aio::tokio::test]
fn ctrl_c_ends_run_forever_with_keyboard_interrupt() {
    let (status, stderr) = run("
import asyncio, extension, os, signal
# Where the tests run in the background, the system has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
def start(loop):
    loop.call_later(0.01, os.kill, os.getpid(), signal.SIGINT)
try:
    extension.forever(start)
except KeyboardInterrupt:
    raise SystemExit(5)
");
    assert_eq!((status.code(), stderr.as_str()), (Some(5), ""));
}

#[pyo3_aio::tokio::test]
fn ctrl_c_cancels_the_future_of_run() {
    let (status, stderr) = run("
import extension, os, signal, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
started = time.monotonic()
try:
    extension.run(60)
except KeyboardInterrupt:
    assert time.monotonic() - started < 30
    raise SystemExit(5)
");
    assert_eq!((status.code(), stderr.as_str()), (Some(5), ""));
}

#[cfg(unix)]
#[pyo3_aio::tokio::test]
fn loops_that_ran_leave_no_file_descriptors() {
    let (status, stderr) = run("
import asyncio, extension, os
async def main():
    assert await extension.ready() == 1
    extension.start_sleep(60)
def file_descriptors():
    return len(os.listdir('/dev/fd'))
asyncio.run(main())
before = file_descriptors()
for _ in range(200):
    asyncio.run(main())
# A thread of the runtime may still have the last loop's.
assert file_descriptors() <= before + 5, (before, file_descriptors())
");
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

#[pyo3_aio::tokio::test]
fn a_forked_child_gets_a_fresh_runtime() {
    all_end_well(
        "
import asyncio, extension, os, sys, warnings
# Python 3.12 warns of every fork of a process with threads.
warnings.simplefilter('ignore', DeprecationWarning)
async def main():
    assert await extension.ready() == 1
    assert await extension.sleep(0.001) == 0.001
    assert await extension.call(lambda: asyncio.sleep(0, 2)) == 2
asyncio.run(main())
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        asyncio.run(main())
        # With all that an exit does.
        sys.exit(9)
    children.append(child)
asyncio.run(main())
for child in children:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
",
    );
}

#[pyo3_aio::tokio::test]
fn a_forked_child_is_told_that_a_runtime_was_left_behind() {
    let (status, stderr) = run("
import asyncio, extension, os, sys, warnings
warnings.simplefilter('ignore', DeprecationWarning)
def sleeps():
    async def main(sleep):
        await sleep(0.001)
    for sleep in extension.sleep_on_async_std, extension.sleep_on_smol:
        try:
            asyncio.run(main(sleep))
            yield None
        except RuntimeError as error:
            yield str(error)
assert list(sleeps()) == [None, None]
child = os.fork()
if child == 0:
    for told in sleeps():
        assert 'were left behind by fork()' in told, told
    sys.exit(9)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
");
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

#[pyo3_aio::tokio::test]
fn the_report_of_an_unseen_error_leaves_the_exception_alone_that_is_being_raised() {
    let (status, stderr) = run("
import asyncio, extension
told = []
async def fails():
    raise ValueError('unseen')
async def main():
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
    futures = [extension.call(fails)]
    while not futures[0].done():
        await asyncio.sleep(0.001)
    try:
        (futures.pop(), 1 / 0)
    except ZeroDivisionError:
        assert len(told) == 1
asyncio.run(main())
");
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

#[pyo3_aio::tokio::test]
fn an_exception_handler_that_exits_ends_the_program() {
    let (status, stderr) = run("
import asyncio, extension
def exits(loop, context):
    raise SystemExit(3)
def fails(future):
    raise ValueError
async def waits(future):
    await future
async def main():
    asyncio.get_running_loop().set_exception_handler(exits)
    future = extension.start_sleep(0.01)
    future.add_done_callback(fails)
    await waits(future)
asyncio.run(main())
");
    assert_eq!((status.code(), stderr.as_str()), (Some(3), ""));
}

#[pyo3_aio::tokio::test]
fn a_forked_child_that_runs_on_takes_no_wake_up_of_its_parent() {
    let (status, stderr) = run("
import asyncio, extension, os, warnings
warnings.simplefilter('ignore', DeprecationWarning)
async def main():
    loop = asyncio.get_running_loop()
    future = extension.start_sleep(0.1)
    child = os.fork()
    if child == 0:
        loop.call_later(0.5, os._exit, 9)
        await loop.create_future()
    # The loop is not to be woken before the child has had the chance.
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert await asyncio.wait_for(future, 10) == 0.1
asyncio.run(main())
");
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

#[pyo3_aio::tokio::test]
fn a_child_that_is_forked_within_a_poll_does_not_wait_for_it_at_its_exit() {
    let (status, stderr) = run("
import asyncio, atexit, extension, os, threading, time, warnings
warnings.simplefilter('ignore', DeprecationWarning)
def end():
    started = time.monotonic()
    atexit._run_exitfuncs()
    # It would wait for 5 seconds.
    os._exit(9 if time.monotonic() - started < 4 else 1)
def fork():
    child = os.fork()
    if child == 0:
        # The poll returns meanwhile.
        threading.Timer(0.2, end).start()
    return child
async def main():
    child = await extension.call_sync(fork)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
asyncio.run(main())
");
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

fn all_end_well(program: &str) {
    for repetition in 0..repetitions() {
        let (status, stderr) = run(program);
        assert!(
            status.success() && stderr.is_empty(),
            "repetition {repetition}: {status}\n{stderr}"
        );
    }
}

/// Runs a program; returns its status and what it wrote on stderr.
fn run(program: &str) -> (ExitStatus, String) {
    let mut child = Command::new(python())
        .args(["-c", program])
        .env_clear()
        .env("PYTHONPATH", folder_of_the_module())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    let started = Instant::now();
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None if started.elapsed() > TIMEOUT => {
                child.kill().unwrap();
                panic!("the program hangs: {program}");
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    };
    (status, reader.join().unwrap())
}

/// The interpreter without its virtual environment, whose start would only take longer.
fn python() -> PathBuf {
    let code = c"__import__('os').path.realpath(__import__('sys').executable)";
    Python::attach(|py| py.eval(code, None, None)?.extract()).unwrap()
}

/// A folder with the module under the name by which Python finds it.
fn folder_of_the_module() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let built = std::env::current_exe()
            .unwrap()
            .ancestors()
            .nth(2)
            .unwrap()
            .join("examples")
            .join(format!(
                "{}extension{}",
                std::env::consts::DLL_PREFIX,
                std::env::consts::DLL_SUFFIX
            ));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("test_exit");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(&built, folder.join("extension.so")).unwrap_or_else(|error| {
            let built = built.display();
            panic!("{built}: {error}; build it with `cargo build --example extension`")
        });
        folder
    })
}
