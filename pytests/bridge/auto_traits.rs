//! Which public types and futures may be sent to, and shared with, other threads, and which deliberately may not.

use std::future::ready;
use std::marker::PhantomData;
use std::rc::Rc;

use pyo3::prelude::*;
use pyo3_aio::testing::{Args, PerModule, PerTest, Shared, Test};
use pyo3_aio::{
    CancelHandle, PyFuture, PyItems, PyStream, TaskGroup, TaskLocals, async_std, generic, smol,
};

use crate::runtime;

/// Compiles for types that may be sent.
fn assert_send<T: Send + 'static>() {}

/// Compiles for types that may be sent and shared.
fn assert_send_and_sync<T: Send + Sync + 'static>() {}

/// Compiles for futures that may be sent. The function is not called.
fn assert_future_is_send<T: Send + 'static>(_: impl FnOnce(TaskLocals) -> T) {}

/// As `assert_future_is_send`, for futures that borrow a handle.
fn assert_borrowing_is_send<'a, T: Send + 'a>(_: impl FnOnce(&'a mut CancelHandle) -> T) {}

/// Says whether a type is `Send` and `Sync`: an inherent function, which there is for such types only, comes before that
/// of a trait.
struct Probe<T>(PhantomData<T>);

impl<T> Probe<T> {
    fn of_output(_: impl FnOnce(TaskLocals) -> T) -> Self {
        Self(PhantomData)
    }
}

impl<T: Send> Probe<T> {
    fn is_send(&self) -> bool {
        true
    }
}

impl<T: Sync> Probe<T> {
    fn is_sync(&self) -> bool {
        true
    }
}

trait Otherwise {
    fn is_send(&self) -> bool {
        false
    }

    fn is_sync(&self) -> bool {
        false
    }
}

impl<T> Otherwise for Probe<T> {}

#[runtime::test]
fn values_may_be_shared_with_other_threads() {
    assert_send_and_sync::<TaskLocals>();
    // Its output need not be `Send`, as with the `async fn` itself.
    assert_send::<generic::AsyncCall<smol::Smol, Rc<u8>>>();
    assert_send_and_sync::<CancelHandle>();
    assert_send_and_sync::<TaskGroup>();
    assert_send_and_sync::<PyFuture>();
    assert_send_and_sync::<PyStream>();
    assert_send_and_sync::<PyItems>();
    assert_send_and_sync::<runtime::InitError>();
    assert_send_and_sync::<Args>();
    assert_send_and_sync::<Shared<()>>();
    assert_send_and_sync::<PerModule<()>>();
    assert_send_and_sync::<PerTest<()>>();
    assert_send_and_sync::<generic::CoroutineBuilder<runtime::Tokio>>();
    assert_send_and_sync::<generic::CoroutineBuilder<async_std::AsyncStd>>();
    assert_send_and_sync::<generic::CoroutineBuilder<smol::Smol>>();
    assert!(Probe::<TaskLocals>(PhantomData).is_send());
    assert!(Probe::<TaskLocals>(PhantomData).is_sync());
}

#[runtime::test]
fn futures_and_streams_of_python_may_be_moved_between_polls() {
    fn assert_unpin<T: Unpin>() {}
    assert_unpin::<PyFuture>();
    assert_unpin::<PyStream>();
    assert_unpin::<PyItems>();
    assert_unpin::<smol::JoinHandle<()>>();
}

/// The payload of a panic may be anything that is `Send`, and so may what the future of a test holds.
#[runtime::test]
fn panics_and_tests_may_be_sent_and_not_shared() {
    assert_send::<generic::CaughtPanic>();
    assert!(!Probe::<generic::CaughtPanic>(PhantomData).is_sync());
    assert_send::<Test>();
    assert!(!Probe::<Test>(PhantomData).is_sync());
}

#[runtime::test]
fn futures_may_be_sent() {
    assert_future_is_send(|_| runtime::spawn(ready(())));
    assert_future_is_send(|_| async_std::spawn(ready(())));
    assert_future_is_send(|_| smol::spawn(ready(())));
    assert_future_is_send(|_| generic::spawn::<runtime::Tokio, _>(ready(())));
    assert_future_is_send(|_| generic::spawn::<async_std::AsyncStd, _>(ready(())));
    assert_future_is_send(|_| generic::spawn::<smol::Smol, _>(ready(())));
    assert_future_is_send(|locals| runtime::scope(locals, ready(())));
    assert_future_is_send(|locals| async_std::scope(locals, ready(())));
    assert_future_is_send(|locals| smol::scope(locals, ready(())));
    assert_future_is_send(|locals| generic::scope::<runtime::Tokio, _, _>(locals, ready(())));
    assert_future_is_send(|_| pyo3_aio::testing::main());
    assert_future_is_send(|_| pyo3_aio::testing::test_harness(Vec::new(), Args::default()));
    assert_borrowing_is_send(CancelHandle::cancelled);
    assert_future_is_send(|_| runtime::run_on_loop(|_| Ok(())));
    assert_future_is_send(|_| generic::run_on_loop::<runtime::Tokio, _, _>(|_| Ok(())));
    let call = |function: &'static Py<PyAny>| runtime::call::<u64>(function, ());
    assert_future_is_send(move |_| call(function()).into_future());
    assert_future_is_send(move |_| call(function()));
    let body = |_: u64| ready(Ok(()));
    assert_future_is_send(move |_| runtime::async_with(function(), body));
    assert_future_is_send(|_| pyo3_aio::task_group(|_| ready(Ok(()))));
}

/// Not called: for types alone.
fn function() -> &'static Py<PyAny> {
    unreachable!("nothing is called for its type")
}

/// `scope_local` is for futures that may not be sent: it may be sent when they may.
#[runtime::test]
fn a_local_scope_may_be_sent_when_its_future_may() {
    let of_any = |locals| runtime::scope_local(locals, ready(()));
    assert!(Probe::of_output(of_any).is_send());
    let of_local = |locals| runtime::scope_local(locals, ready(Rc::new(())));
    assert!(!Probe::of_output(of_local).is_send());
}
