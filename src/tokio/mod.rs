//! The conversions on [tokio](https://docs.rs/tokio).
//!
//! The runtime is made when it is first needed: with multiple threads and everything enabled, unless [`init`] or one
//! of its relatives was called before.

mod process_runtime;

use std::pin::{Pin, pin};
use std::task::{Context, Waker};

use ::tokio::runtime::RuntimeFlavor;
use ::tokio::task::{self, JoinError as TokioJoinError, JoinHandle};
use pyo3::IntoPyObject;
use pyo3::prelude::*;

use crate::bridge::spawned;
use crate::convert::into_future::PyFuture;
use crate::generic;
use crate::runtime::macros::{local_functions, runtime_context, runtime_functions};
use crate::runtime::nested_loop::blocked;
use crate::runtime::{ContextExt, JoinError, LocalContextExt, Pointers, Runtime, SpawnLocalExt};
use crate::task_locals;
use crate::task_locals::TaskLocals;

#[cfg(feature = "attributes")]
pub use pyo3_aio_macros::tokio_main as main;
#[cfg(feature = "testing")]
pub use pyo3_aio_macros::tokio_test as test;

#[cfg(feature = "testing")]
pub use crate::testing::tokio as testing;

pub use crate::runtime::init_error::InitError;
pub use process_runtime::{
    get_handle, get_runtime, init, init_current_thread, init_multi_thread, init_with_handle,
    init_with_runtime,
};

/// What users name together with this module.
pub mod re_exports {
    pub use ::tokio::runtime;
    /// A future that is never ready.
    pub use std::future::pending;
}

/// tokio, for the functions of [`generic`].
#[derive(Debug)]
pub struct Tokio;

/// Spawns a future on the runtime, with the current locals carried along; see [`generic::spawn`] for what becomes of it
/// when the interpreter exits.
pub fn spawn<F>(fut: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    get_handle().spawn(spawned(Pointers::<Tokio>::RUNNER, fut))
}

runtime_functions!(Tokio);
local_functions!(Tokio);
runtime_context!(Tokio);

impl JoinError for TokioJoinError {
    fn is_panic(&self) -> bool {
        Self::is_panic(self)
    }

    fn into_panic(self) -> Box<dyn std::any::Any + Send + 'static> {
        Self::into_panic(self)
    }
}

impl Runtime for Tokio {
    type JoinError = TokioJoinError;
    type JoinHandle = JoinHandle<()>;

    fn spawn<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        get_handle().spawn(fut)
    }

    fn spawn_blocking<F>(f: F) -> Self::JoinHandle
    where
        F: FnOnce() + Send + 'static,
    {
        get_handle().spawn_blocking(f)
    }

    fn enter(f: &mut dyn FnMut()) {
        let _entered = get_handle().enter();
        f();
    }

    fn ensure_alive() -> PyResult<()> {
        process_runtime::ensure_alive()
    }

    /// What a worker spawns or wakes is first in line at that worker, where no other takes it from, unless another thread
    /// has become that worker.
    fn ensure_unblocked() -> PyResult<()> {
        if is_blocking_in_place() {
            return Ok(());
        }
        Err(blocked("tokio"))
    }

    fn block_in_place(f: &mut dyn FnMut()) -> PyResult<()> {
        if get_handle().runtime_flavor() == RuntimeFlavor::CurrentThread {
            return Err(blocked("tokio"));
        }
        task::block_in_place(f);
        Ok(())
    }
}

/// Whether this thread, which polls a task, does so within `block_in_place`. What tells is that there is no budget then,
/// while that of a task is used up here.
fn is_blocking_in_place() -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    (0..=u8::MAX).all(|_| pin!(task::consume_budget()).poll(&mut cx).is_ready())
}

impl SpawnLocalExt for Tokio {
    fn spawn_local<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + 'static,
    {
        ::tokio::task::spawn_local(fut)
    }
}
