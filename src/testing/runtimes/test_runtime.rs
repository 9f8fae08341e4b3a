//! The functions of an async runtime that tests need.

use std::pin::Pin;

use libtest_async::TestFuture;

use super::tokio_settings::TokioSettings;

/// The functions of a runtime, as pointers, so that the harness is not generic over it.
#[doc(hidden)]
pub struct TestRuntime {
    /// Calls a function inside the context of the library's own runtime (`tokio::runtime::Handle::enter`).
    pub(crate) enter: fn(&mut dyn FnMut()),
    /// Starts a future on the library's own runtime.
    pub(crate) spawn: fn(Opening),
    /// Polls the future of a test to its end on this thread, on a runtime that is shut down afterwards. Says whether the
    /// shutdown was complete.
    pub(crate) block_on: fn(&TokioSettings, TestFuture) -> bool,
}

/// A future that opens a shared value.
pub(crate) type Opening = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The functions of tokio.
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

/// The functions of async-std.
#[cfg(feature = "async-std-runtime")]
pub static ASYNC_STD: TestRuntime = TestRuntime {
    enter: <crate::async_std::AsyncStd as crate::runtime::Runtime>::enter,
    spawn: |future| drop(crate::async_std::spawn(future)),
    block_on: |_, test| {
        ::async_std::task::block_on(test);
        true
    },
};

/// The functions of smol.
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

/// Returns the runtime of tests that name none: the first whose feature is on.
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
    return &NO_TEST_RUNTIME;
}

/// Stands in where no runtime's feature is on.
#[cfg(not(any(
    feature = "async-std-runtime",
    feature = "smol-runtime",
    feature = "tokio-runtime"
)))]
static NO_TEST_RUNTIME: TestRuntime = TestRuntime {
    enter: |function| function(),
    spawn: |future| drop(std::thread::spawn(|| super::block_on::block_on(future))),
    block_on: |_, test| {
        super::block_on::block_on(test);
        true
    },
};
