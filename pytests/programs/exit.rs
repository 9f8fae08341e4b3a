//! The exit of Python programs that use an extension module: it has their own status, and writes nothing to stderr.

use crate::programs::{all_end_well, ends_with, run};

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
fn the_exit_waits_for_a_blocking_function_inside_python() {
    all_end_well(
        "
import asyncio, atexit, extension, os, threading, time
began, ended = threading.Event(), []
# Registered before the hook, and so called after it.
atexit.register(lambda: ended or os._exit(3))
async def main():
    await extension.sleep(0.001)
asyncio.run(main())
def blocks():
    began.set()
    time.sleep(0.05)
    ended.append(True)
extension.spawn_blocking(blocks)
began.wait()
",
    );
}

/// The beginning of a program that fails when something is counted after the exit hook.
const COUNTS_AFTER_THE_HOOK: &str = "
import atexit, os, time
calls = 0
def later():
    before = calls
    time.sleep(0.05)
    if calls != before:
        os._exit(3)
# Registered before the hook, and so called after it.
atexit.register(later)
";

#[pyo3_aio::tokio::test]
fn spawned_tasks_call_nothing_after_the_exit_hook() {
    let program = "
import asyncio, extension
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
";
    all_end_well(&format!("{COUNTS_AFTER_THE_HOOK}{program}"));
}

#[pyo3_aio::tokio::test]
fn a_program_that_only_spawns_ends_well() {
    let program = "
import extension
def called():
    global calls
    calls += 1
for _ in range(5):
    extension.repeat(called)
while not calls:
    time.sleep(0.001)
";
    all_end_well(&format!("{COUNTS_AFTER_THE_HOOK}{program}"));
}

#[pyo3_aio::tokio::test]
fn an_exit_does_not_wait_for_ever_for_a_loop_that_blocks_the_dispatcher() {
    ends_with(
        0,
        "
import asyncio, extension, threading, time
class Blocks(asyncio.SelectorEventLoop):
    def add_reader(self, *arguments):
        raise NotImplementedError
    def call_soon_threadsafe(self, *arguments, **keywords):
        if threading.current_thread() is not threading.main_thread():
            blocked.set()
            time.sleep(3600)
        return super().call_soon_threadsafe(*arguments, **keywords)
blocked = threading.Event()
async def main():
    extension.start_sleep(0.001)
    while not blocked.is_set():
        await asyncio.sleep(0.001)
loop = Blocks()
loop.run_until_complete(main())
",
    );
}

#[pyo3_aio::tokio::test]
fn a_coroutine_that_exits_for_rust_ends_the_program_with_its_status() {
    for first_step in ["pass", "await asyncio.sleep(0)"] {
        ends_with(
            3,
            &format!(
                "
import asyncio, extension
async def exits():
    {first_step}
    raise SystemExit(3)
async def main():
    await extension.call(exits)
asyncio.run(main())
"
            ),
        );
    }
}

#[pyo3_aio::tokio::test]
fn a_program_ends_with_its_own_status() {
    ends_with(
        7,
        "
import asyncio, extension, sys
async def main():
    extension.start_sleep(60)
    await extension.ready()
    sys.exit(7)
asyncio.run(main())
",
    );
}

#[pyo3_aio::tokio::test]
fn an_exit_hook_that_cannot_be_registered_is_an_error_once() {
    ends_with(
        0,
        "
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
",
    );
}

#[pyo3_aio::tokio::test]
fn run_forever_runs_the_loop_of_with_runtime_until_it_is_stopped() {
    ends_with(
        0,
        "
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
",
    );
}

#[cfg(unix)]
#[pyo3_aio::tokio::test]
fn loops_that_ran_leave_no_file_descriptors() {
    ends_with(
        0,
        "
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
",
    );
}

#[pyo3_aio::tokio::test]
fn the_report_of_an_unseen_error_leaves_the_exception_alone_that_is_being_raised() {
    ends_with(
        0,
        "
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
",
    );
}

#[pyo3_aio::tokio::test]
fn an_exception_handler_that_exits_ends_the_program() {
    ends_with(
        3,
        "
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
",
    );
}

#[pyo3_aio::tokio::test]
fn an_unseen_exception_that_is_garbage_is_told_before_it_is_taken_apart() {
    let (status, stderr) = run("
import asyncio, extension, gc
class Holder(Exception): pass
def make():
    error, holder = ValueError('the text'), Holder()
    error.__cause__ = holder
    def raises(): raise error
    holder.future = extension.call_sync(raises)
async def main():
    make()
    await asyncio.sleep(.1)
    gc.collect()
asyncio.run(main())
");
    assert!(status.success(), "{status}\n{stderr}");
    assert!(
        stderr.contains("Future exception was never retrieved"),
        "{stderr}"
    );
    assert!(stderr.contains("ValueError: the text"), "{stderr}");
}

#[pyo3_aio::tokio::test]
fn an_unseen_exception_that_is_garbage_together_with_its_loop_is_told() {
    let (status, stderr) = run("
import asyncio, extension, gc
gc.disable()
def raises(): raise ValueError('the text')
async def main():
    future = extension.call_sync(raises)
    while not future.done():
        await asyncio.sleep(.001)
    loop = asyncio.get_running_loop()
    loop.circle = loop, future
asyncio.run(main())
gc.collect()
");
    assert!(status.success(), "{status}\n{stderr}");
    assert!(
        stderr.contains("Future exception was never retrieved"),
        "{stderr}"
    );
    assert!(stderr.contains("ValueError: the text"), "{stderr}");
    assert!(!stderr.contains("AttributeError"), "{stderr}");
}

#[pyo3_aio::tokio::test]
fn a_runtime_that_cannot_be_built_is_an_exception() {
    // No address space for the stacks of the runtime's threads.
    let (status, stderr) = run("
import asyncio, extension, resource
async def main():
    size = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + (1 << 20), size + (1 << 20)))
    try:
        extension.start_sleep(1)
    except BaseException as error:
        assert type(error).__name__ == 'PanicException', error
    else:
        assert False
asyncio.run(main())
");
    assert!(status.success(), "{status}\n{stderr}");
}

#[cfg(target_os = "linux")]
#[pyo3_aio::tokio::test]
fn a_runtime_without_its_thread_is_built_when_it_is_needed_next() {
    ends_with(
        0,
        "
import asyncio, extension, os, resource, sys
size = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (1 << 20), resource.RLIM_INFINITY))
# The panic's text.
stderr = os.dup(2)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
try:
    extension.use_one_thread()
except BaseException as error:
    assert type(error).__name__ == 'PanicException', error
else:
    assert False
os.dup2(stderr, 2)
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
async def main():
    assert await asyncio.wait_for(extension.start_sleep(0.01), 10) == 0.01
asyncio.run(main())
assert not extension.use_one_thread()
",
    );
}

#[pyo3_aio::tokio::test]
fn an_exit_in_a_generator_that_rust_reads_ends_the_program() {
    let (status, _) = run("
import asyncio, extension, sys
async def generator():
    sys.exit(4)
    yield
async def main():
    loop = asyncio.get_running_loop()
    if hasattr(asyncio, 'eager_task_factory'):
        # The first step is within the start of the task then.
        loop.set_task_factory(asyncio.eager_task_factory)
    extension.for_each(generator(), lambda item: None)
    await asyncio.sleep(10)
asyncio.run(main())
");
    assert_eq!(status.code(), Some(4));
}

#[pyo3_aio::tokio::test]
fn an_exit_in_the_cleanup_of_a_generator_that_rust_has_read_ends_the_program() {
    let (status, _) = run("
import asyncio, extension, sys
async def generator():
    try:
        yield 1
        await asyncio.sleep(60)
    finally:
        sys.exit(4)
def has_enough(item):
    raise ValueError
async def main():
    extension.for_each(generator(), has_enough)
    await asyncio.sleep(10)
asyncio.run(main())
");
    assert_eq!(status.code(), Some(4));
}

#[pyo3_aio::tokio::test]
fn a_coroutine_that_is_left_at_the_exit_warns_as_one_of_python() {
    let of_python = "async def sleep(seconds): pass\n";
    let of_rust = "from extension import sleep\n";
    for left in [
        "coroutine = sleep(1)",
        "coroutine = sleep(1); cycle = [coroutine]; cycle.append(cycle)",
        "coroutine = sleep(1); coroutine.close()",
        "import atexit; atexit.register(sleep, 1)",
        "import warnings; warnings.simplefilter('ignore'); coroutine = sleep(1)",
        "import sys; sys.coroutine = sleep(1)",
        "import builtins; builtins.coroutine = sleep(1)",
        "import threading, time; threading.Thread(target=lambda: sleep(1)).start()",
    ] {
        let (expected, seen) = (
            run(&format!("{of_python}{left}")),
            run(&format!("{of_rust}{left}")),
        );
        assert_eq!(seen, expected, "{left}");
    }
}

#[pyo3_aio::tokio::test]
fn tracemalloc_shows_where_a_coroutine_that_warns_was_made() {
    let (status, stderr) = run("
import extension, tracemalloc
tracemalloc.start()
def makes():
    return extension.sleep(1)
coroutine = makes()
del coroutine
");
    assert!(status.success());
    let made = stderr.find("Object allocated at");
    assert!(
        stderr.contains("coroutine 'sleep' was never awaited") && made.is_some(),
        "{stderr}"
    );
    assert!(stderr.contains("lineno 5"), "{stderr}");
}
