//! The runtimes, as the harness needs them.

use std::pin::Pin;

use libtest_async::TestFuture;

use super::tokio_settings::TokioSettings;

/// The functions of a runtime that tests need, as pointers, so that nothing here is generic over it.
#[doc(hidden)]
pub struct TestRuntime {
    /// Calls a function in the context of the library's own runtime, in which its handles are found.
    pub(crate) enter: fn(&mut dyn FnMut()),
    /// Starts a future on the library's own runtime.
    pub(crate) spawn: fn(Spawned),
    /// Polls the future of a test to its end, on this thread and by a runtime that ends with it.
    /// Returns whether that has ended.
    pub(crate) block_on: fn(&TokioSettings, TestFuture) -> bool,
}

/// A future that opens a value which tests share.
pub(crate) type Spawned = Pin<Box<dyn Future<Output = ()> + Send>>;

/// tokio.
#[cfg(feature = "tokio-runtime")]
pub static TOKIO: TestRuntime = TestRuntime {
    enter: <crate::tokio::Tokio as crate::runtime::Runtime>::enter,
    spawn: |future| {
        drop(<crate::tokio::Tokio as crate::runtime::Runtime>::spawn(
            future,
        ))
    },
    block_on: crate::testing::runtimes::tokio_runtime::block_on,
};

/// async-std.
#[cfg(feature = "async-std-runtime")]
pub static ASYNC_STD: TestRuntime = TestRuntime {
    enter: <crate::async_std::AsyncStd as crate::runtime::Runtime>::enter,
    spawn: |future| drop(crate::async_std::spawn(future)),
    block_on: |_, test| {
        ::async_std::task::block_on(test);
        true
    },
};

/// smol.
#[cfg(feature = "smol-runtime")]
pub static SMOL: TestRuntime = TestRuntime {
    enter: <crate::smol::Smol as crate::runtime::Runtime>::enter,
    spawn: |future| {
        drop(<crate::smol::Smol as crate::runtime::Runtime>::spawn(
            future,
        ))
    },
    block_on: |_, test| {
        ::smol::block_on(test);
        true
    },
};

/// The runtime of tests that name none.
pub(crate) fn default() -> &'static TestRuntime {
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
    return &NONE;
}

/// Where no runtime's feature is on.
#[cfg(not(any(
    feature = "async-std-runtime",
    feature = "smol-runtime",
    feature = "tokio-runtime"
)))]
static NONE: TestRuntime = TestRuntime {
    enter: |function| function(),
    spawn: |future| drop(std::thread::spawn(|| super::block_on::block_on(future))),
    block_on: |_, test| {
        super::block_on::block_on(test);
        true
    },
};
