//! Values that the tests of a process share, and what runs after the last test.

mod closing;
mod functions;
mod opening;
mod per_module;
mod per_test;
mod test_values;
mod waits;

use std::fmt;
use std::future::poll_fn;
use std::panic::Location;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

pub use self::closing::close_shared;
#[cfg(unix)]
pub(crate) use self::closing::worker_failed;
pub(crate) use self::closing::{
    CLOSING_LIMIT, RunScope, close_in_time, limit_closing, set_teardown,
};
pub(crate) use self::functions::LocalFuture;
pub use self::functions::{AsyncFunction, Close, CloseOwn, Open};
use self::opening::Opening;
pub use self::opening::{Bind, SharedError};
pub use self::per_module::PerModule;
pub use self::per_test::PerTest;
pub use self::test_values::close_test_values;
pub(crate) use self::test_values::{FixtureTimes, OpenValues, end_test_values};
use self::waits::{Node, Wait};
use crate::block_on::block_on;
use crate::trial::Failed;

/// A value that is made when the first test asks for it, shared by all tests, and closed after the
/// last one: a connection pool, a server, a container. pytest calls it a session fixture.
///
/// It lives in a `static`. `open` and `close` are async functions; tests get a reference.
///
/// ```no_run
/// use libtest_async::{Failed, Shared, Trial};
///
/// struct Pool;
///
/// static POOL: Shared<Pool> = Shared::new(&open).with_close(&close);
///
/// async fn open() -> Result<Pool, Failed> {
///     Ok(Pool)
/// }
///
/// async fn close(_pool: &Pool) -> Result<(), Failed> {
///     Ok(())
/// }
///
/// libtest_async::main!([Trial::async_test("asks_the_pool", async {
///     let _pool: &'static Pool = POOL.get().await?;
///     Ok(())
/// })]);
/// ```
///
/// However many tests ask at once, `open` runs once. If it fails or panics then every test that asks
/// fails with that error, and it is not tried again. If no test asks, nothing is opened or closed.
/// The values are closed in the reverse order of their opening, before the `teardown` of
/// [`main!`](crate::main!). An error or a panic of `close` is printed, and the exit code is 101.
/// `close` takes a reference because a test that timed out may still use the value, which is never
/// dropped. The next [`run`](crate::run()) of the process opens another; one that was still being opened at the
/// end of a run is the next one's. With `--isolate` each worker process has its own; one that is killed, as a
/// test crashed or timed out there, closes nothing.
///
/// The last test need not have ended: those that have timed out, and those that run when `--fail-fast` or Ctrl-C
/// ends the run, go on beside `close`, which has four seconds then.
///
/// `open` is polled on a thread of its own, and `close` on the thread that called [`run`](crate::run()), or on
/// another where it has four seconds. What they print belongs to no test and is not captured. A pool of a
/// runtime's needs the runtime that its connections live on: keep that in a static too, so that it outlives the
/// test that asks first.
///
/// ```no_run
/// # use std::future::Future;
/// # mod tokio { pub mod runtime {
/// #     pub struct Runtime;
/// #     impl Runtime {
/// #         pub fn new() -> std::io::Result<Self> { Ok(Self) }
/// #         pub fn spawn<F: Future>(&self, future: F) -> F { future }
/// #     }
/// # } }
/// # struct Pool;
/// # async fn connect() -> Result<Pool, std::io::Error> { Ok(Pool) }
/// use std::sync::LazyLock;
///
/// use libtest_async::{Failed, Shared};
/// use tokio::runtime::Runtime;
///
/// static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
/// static POOL: Shared<Pool> = Shared::new(&open);
///
/// async fn open() -> Result<Pool, Failed> {
///     Ok(RUNTIME.spawn(connect()).await?)
/// }
/// ```
pub struct Shared<T: 'static, E: SharedError = Failed> {
    open: &'static (dyn Open<T, E> + Sync),
    close: Option<&'static (dyn Close<T, E> + Sync)>,
    location: &'static Location<'static>,
    /// The module whose tests share the value; `None` stands for all tests.
    module: Option<Arc<str>>,
    state: Mutex<State<T, E>>,
}

struct State<T: 'static, E> {
    phase: OpeningPhase<T, E>,
    /// The wakers of those that wait for the opening.
    wakers: Vec<Waker>,
}

impl<T: 'static, E> State<T, E> {
    const fn new() -> Self {
        Self {
            phase: OpeningPhase::Unopened,
            wakers: Vec::new(),
        }
    }
}

/// The phase of a value. Each run begins and ends with `Unopened`.
enum OpeningPhase<T: 'static, E> {
    /// No test has asked for it.
    Unopened,
    /// `open` has been started, for the first test that asked.
    Opening,
    /// `open` has returned it.
    Open(&'static T),
    /// `open` has failed.
    Failed(Arc<E>),
}

impl<T: Send + Sync + 'static, E: SharedError> Shared<T, E> {
    /// Creates a value that `open` makes: an async function without arguments that returns a
    /// `Result`, and whose future is `Send` and `'static`.
    ///
    /// `open` may ask for other values. Values that wait for each other in a circle are an error, which names the circle.
    /// `open` has no time limit of its own: only that of the tests that ask.
    #[track_caller]
    pub const fn new<F: Open<T, E> + Sync>(open: &'static F) -> Self {
        Self {
            open,
            close: None,
            location: Location::caller(),
            module: None,
            state: Mutex::new(State::new()),
        }
    }

    /// Creates the value of a module.
    fn of_module(
        open: &'static (dyn Open<T, E> + Sync),
        close: Option<&'static (dyn Close<T, E> + Sync)>,
        location: &'static Location<'static>,
        module: Arc<str>,
    ) -> Self {
        Self {
            open,
            close,
            location,
            module: Some(module),
            state: Mutex::new(State::new()),
        }
    }

    /// Sets `close`, an async function that is called at the end of the run with a reference to the value, and
    /// returns a `Result`.
    #[must_use]
    pub const fn with_close<F: Close<T, E> + Sync>(self, close: &'static F) -> Self {
        let mut shared = self;
        shared.set_close(close);
        shared
    }

    /// Does what [`with_close`](Self::with_close) does, for a wrapper: a constant function cannot move out of one.
    #[doc(hidden)]
    pub const fn set_close<F: Close<T, E> + Sync>(&mut self, close: &'static F) {
        self.close = Some(close);
    }

    /// Returns the value, which the first call opens.
    ///
    /// Dropping the future does not end the opening.
    ///
    /// # Errors
    ///
    /// Returns the error of `open`, to every caller. A panic of `open` is an error with its text.
    pub async fn get(&'static self) -> Result<&'static T, E> {
        let _wait = Wait::begin(&self.node()).map_err(E::from_text)?;
        self.open_once();
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Does what [`get`](Self::get) does, for tests that are not async, and blocks the thread meanwhile.
    ///
    /// # Errors
    ///
    /// The errors of [`get`](Self::get).
    pub fn get_blocking(&'static self) -> Result<&'static T, E> {
        block_on(self.get())
    }

    fn open_once(&'static self) {
        let mut state = self.lock();
        if !matches!(state.phase, OpeningPhase::Unopened) {
            return;
        }
        state.phase = OpeningPhase::Opening;
        drop(state);
        E::spawn(Box::pin(Opening::new(self).run()));
    }

    /// Enters the phase that the opening has led to, and wakes those who wait for it.
    fn end_opening(&'static self, phase: OpeningPhase<T, E>) {
        let mut state = self.lock();
        // With the state locked: whoever closes finds the value, and whoever has the value can rely on its end.
        closing::push(self);
        state.phase = phase;
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<Result<&'static T, E>> {
        // Wakers and errors are a user's: they are cloned and dropped while nothing is locked.
        let waker = cx.waker().clone();
        let mut state = self.lock();
        let failed = match &state.phase {
            OpeningPhase::Open(value) => return Poll::Ready(Ok(value)),
            OpeningPhase::Failed(error) => Some(error.clone()),
            OpeningPhase::Unopened | OpeningPhase::Opening => None,
        };
        if let Some(error) = failed {
            drop(state);
            return Poll::Ready(Err(E::clone(&error)));
        }
        if !state.wakers.iter().any(|other| other.will_wake(&waker)) {
            state.wakers.push(waker);
        }
        Poll::Pending
    }
}

impl<T: 'static, E: SharedError> Shared<T, E> {
    fn lock(&self) -> MutexGuard<'_, State<T, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the value or the error, so that the next run opens another. An opening under way goes on.
    fn take(&self) -> Option<&'static T> {
        let mut state = self.lock();
        let former = match state.phase {
            OpeningPhase::Unopened | OpeningPhase::Opening => return None,
            OpeningPhase::Open(_) | OpeningPhase::Failed(_) => {
                std::mem::replace(&mut state.phase, OpeningPhase::Unopened)
            }
        };
        // To drop an error may call a user's code, or need Python's lock.
        drop(state);
        match former {
            OpeningPhase::Open(value) => Some(value),
            _ => None,
        }
    }

    fn node(&self) -> Arc<Node> {
        let id = (ptr::from_ref(self).addr(), 0);
        Node::new::<T>(id, self.location, self.module.clone())
    }

    /// Returns the value if it is open.
    fn value(&self) -> Option<&'static T> {
        match self.lock().phase {
            OpeningPhase::Open(value) => Some(value),
            _ => None,
        }
    }
}

impl<T: fmt::Debug + 'static, E: SharedError> fmt::Debug for Shared<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shared").field(&self.value()).finish()
    }
}

/// Returns the module of a test: its name up to the last `::`.
fn module_of(test: &str) -> Arc<str> {
    let module = test.rsplit_once("::").map(|(module, _)| module);
    module.unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::mpsc::{self, Receiver, Sender};

    use super::*;

    #[test]
    fn closing_leaves_an_opening_under_way_alone() {
        static OPENINGS: AtomicUsize = AtomicUsize::new(0);
        static MAY_END: Mutex<Option<Receiver<()>>> = Mutex::new(None);
        static VALUE: Shared<usize> = Shared::new(&open);

        async fn open() -> Result<usize, Failed> {
            if let Some(may_end) = MAY_END.lock().unwrap().take() {
                may_end.recv()?;
            }
            Ok(OPENINGS.fetch_add(1, Ordering::SeqCst))
        }

        let (end, may_end): (Sender<()>, _) = mpsc::channel();
        *MAY_END.lock().unwrap() = Some(may_end);
        VALUE.open_once();
        assert_eq!(VALUE.take(), None);
        VALUE.open_once();
        end.send(()).unwrap();
        assert_eq!(VALUE.get_blocking().unwrap(), &0);
        assert_eq!(VALUE.take(), Some(&0));
        assert_eq!(VALUE.get_blocking().unwrap(), &1);
    }

    /// An error that looks at the lock of the value when it is cloned and when it is dropped.
    struct Asks;

    static FAILS: Shared<(), Asks> = Shared::new(&fail);
    static IS_LOCKED: AtomicBool = AtomicBool::new(false);

    async fn fail() -> Result<(), Asks> {
        Err(Asks)
    }

    fn look_at_lock() {
        let is_locked = FAILS.state.try_lock().is_err();
        IS_LOCKED.fetch_or(is_locked, Ordering::SeqCst);
    }

    impl Clone for Asks {
        fn clone(&self) -> Self {
            look_at_lock();
            Self
        }
    }

    impl Drop for Asks {
        fn drop(&mut self) {
            look_at_lock();
        }
    }

    impl SharedError for Asks {
        fn from_text(_: String) -> Self {
            Self
        }

        fn describe(&self) -> String {
            String::new()
        }

        fn spawn(opening: Pin<Box<dyn Future<Output = ()> + Send>>) {
            block_on(opening);
        }
    }

    #[test]
    fn an_error_is_cloned_and_dropped_while_nothing_is_locked() {
        assert!(FAILS.get_blocking().is_err());
        assert_eq!(FAILS.take(), None);
        assert!(!IS_LOCKED.load(Ordering::SeqCst));
    }
}
