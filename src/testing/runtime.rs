//! The runtimes, as the harness needs them.

#[cfg(any(
    feature = "async-std-runtime",
    feature = "smol-runtime",
    feature = "tokio-runtime"
))]
use std::any::TypeId;

use libtest_async::TestFuture;

#[cfg(any(
    feature = "async-std-runtime",
    feature = "smol-runtime",
    feature = "tokio-runtime"
))]
use crate::bridge::polled;

/// How tests get onto a runtime: function pointers, so that nothing here is generic over it.
#[doc(hidden)]
pub struct Runtime {
    /// Starts a future.
    pub(super) spawn: fn(TestFuture),
    /// Calls a function with the runtime's own context set, in which its handles are found.
    pub(super) enter: fn(&mut dyn FnMut()),
}

impl Runtime {
    #[cfg(any(
        feature = "async-std-runtime",
        feature = "smol-runtime",
        feature = "tokio-runtime"
    ))]
    const fn of<R: crate::generic::Runtime>() -> Self {
        Self {
            spawn: |test| drop(R::spawn(polled::by(TypeId::of::<R>(), test))),
            enter: R::enter,
        }
    }
}

/// tokio.
#[cfg(feature = "tokio-runtime")]
pub static TOKIO: Runtime = Runtime::of::<crate::tokio::Tokio>();

/// async-std.
#[cfg(feature = "async-std-runtime")]
pub static ASYNC_STD: Runtime = Runtime::of::<crate::async_std::AsyncStd>();

/// smol.
#[cfg(feature = "smol-runtime")]
pub static SMOL: Runtime = Runtime::of::<crate::smol::Smol>();

/// The runtime of tests that name none.
pub(super) fn default() -> &'static Runtime {
    #[cfg(feature = "tokio-runtime")]
    return &TOKIO;
    #[cfg(all(feature = "async-std-runtime", not(feature = "tokio-runtime")))]
    return &ASYNC_STD;
    #[cfg(all(
        feature = "smol-runtime",
        not(any(feature = "async-std-runtime", feature = "tokio-runtime"))
    ))]
    return &SMOL;
    #[cfg(not(any(
        feature = "async-std-runtime",
        feature = "smol-runtime",
        feature = "tokio-runtime"
    )))]
    return &THREADS;
}

/// A thread for each test, where no runtime's feature is on.
#[cfg(not(any(
    feature = "async-std-runtime",
    feature = "smol-runtime",
    feature = "tokio-runtime"
)))]
static THREADS: Runtime = Runtime {
    spawn: |test| drop(std::thread::spawn(|| super::driver::block_on(test))),
    enter: |function| function(),
};
