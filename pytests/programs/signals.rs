//! Ctrl-C in programs that wait for Rust.

use crate::programs::{all_end_well, ends_with};

#[pyo3_aio::tokio::test]
fn ctrl_c_ends_run_forever_with_keyboard_interrupt() {
    ends_with(
        5,
        "
import asyncio, extension, os, signal
# Where the tests run in the background, the system has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
def start(loop):
    loop.call_later(0.01, os.kill, os.getpid(), signal.SIGINT)
try:
    extension.forever(start)
except KeyboardInterrupt:
    raise SystemExit(5)
",
    );
}

#[pyo3_aio::tokio::test]
fn ctrl_c_cancels_the_future_of_run() {
    ends_with(
        5,
        "
import extension, os, signal, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
started = time.monotonic()
try:
    extension.run(60)
except KeyboardInterrupt:
    assert time.monotonic() - started < 30
    raise SystemExit(5)
",
    );
}

#[pyo3_aio::tokio::test]
fn ctrl_c_gives_up_the_future_of_block_on() {
    ends_with(
        5,
        "
import extension, os, signal, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
dropped = []
assert extension.block(0.001, lambda: dropped.append(1)) == 0.001
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    extension.block(60, lambda: dropped.append(2))
except KeyboardInterrupt:
    assert dropped == [1, 2], dropped
    raise SystemExit(5)
",
    );
}

#[pyo3_aio::tokio::test]
fn ctrl_c_again_does_not_wait_for_the_future_of_block_on() {
    ends_with(
        5,
        "
import extension, os, signal, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
def interrupt():
    os.kill(os.getpid(), signal.SIGINT)
def dropped():
    interrupt()
    time.sleep(60)
threading.Timer(0.1, interrupt).start()
try:
    extension.block(60, dropped)
except KeyboardInterrupt:
    os._exit(5)
",
    );
}

#[pyo3_aio::tokio::test]
fn a_signal_handler_that_raises_nothing_leaves_block_on_waiting() {
    all_end_well(
        "
import extension, os, signal, threading
handled = []
signal.signal(signal.SIGINT, lambda *_: handled.append(1))
threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT)).start()
assert extension.block(0.2, lambda: None) == 0.2 and handled == [1]
",
    );
}
