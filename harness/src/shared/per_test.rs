//! Values that a test has for itself.

use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::panic::Location;
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::functions::CloseOwn;
use super::opening::catch;
use super::test_values::{CloseValue, TestValues};
use super::waits::{self, Node, Wait};
use super::{Open, SharedError, module_of};
use crate::block_on::block_on;
use crate::capture;
use crate::trial::Failed;

/// A value that each test which asks for it has for itself: an empty table, a folder, a user who is logged in. pytest
/// calls it a fixture of function scope. [`Shared`](crate::Shared) is one for all tests.
///
/// It lives in a `static`. `open` and `close` are async functions, of which neither needs to await anything.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use libtest_async::{Failed, PerTest, Shared, Trial};
///
/// struct Pool;
/// struct Table(&'static Pool);
///
/// static POOL: Shared<Pool> = Shared::new(&connect);
/// static TABLE: PerTest<Table> = PerTest::new(&create).with_close(&remove);
///
/// async fn connect() -> Result<Pool, Failed> {
///     Ok(Pool)
/// }
///
/// async fn create() -> Result<Table, Failed> {
///     Ok(Table(POOL.get().await?))
/// }
///
/// async fn remove(_table: &Table) -> Result<(), Failed> {
///     Ok(())
/// }
///
/// libtest_async::main!([Trial::async_test("fills_its_table", async {
///     let _table: Arc<Table> = TABLE.get().await?;
///     Ok(())
/// })]);
/// ```
///
/// The first call of [`get`](Self::get) in a test opens the value, as a part of that call: by the runtime of the test, and
/// what it prints belongs to the test. The threads of the test, and the tasks that work for it
/// ([`capture::inherit`](crate::capture::inherit)), get the value that the test has. If `open` fails or panics, every call in
/// this test returns that error, and `open` is not tried again; another attempt (`--retries`) has values of its own.
///
/// `open` may ask for other values, of this scope or a wider one. Values that ask for each other in a circle are an error,
/// which names the circle.
///
/// When the body of the test has returned, has panicked, or was dropped as its time was over or the run ended before it, its values are closed in the
/// reverse order of their opening, by the runtime of the test, before that ends, and on the test's thread. An error or a
/// panic of `close` fails the test, and the other values are closed all the same. A sync test has no runtime of its own, and
/// its values are closed by this crate's `block_on`.
///
/// Not closed are the values of a sync test that blocks when its time is over or the run ends, and those of a process that
/// crashes. A forked child closes nothing.
pub struct PerTest<T: 'static, E: SharedError = Failed> {
    open: &'static (dyn Open<T, E> + Sync),
    close: Option<&'static (dyn CloseOwn<T, E> + Sync)>,
    location: &'static Location<'static>,
}

impl<T: Send + Sync + 'static, E: SharedError> PerTest<T, E> {
    /// Creates a value that `open` makes: an async function without arguments that returns a `Result`, and whose future
    /// is `Send` and `'static`.
    #[track_caller]
    pub const fn new<F: Open<T, E> + Sync>(open: &'static F) -> Self {
        Self {
            open,
            close: None,
            location: Location::caller(),
        }
    }

    /// Sets `close`, an async function that is called at the end of each test that has the value, with a reference to it,
    /// and returns a `Result`. The value is dropped after that.
    #[must_use]
    pub const fn with_close<F: CloseOwn<T, E> + Sync>(self, close: &'static F) -> Self {
        let mut own = self;
        own.set_close(close);
        own
    }

    /// Does what [`with_close`](Self::with_close) does, for a wrapper: a constant function cannot move out of one.
    #[doc(hidden)]
    pub const fn set_close<F: CloseOwn<T, E> + Sync>(&mut self, close: &'static F) {
        self.close = Some(close);
    }

    /// Returns the current test's value, which the first call opens.
    ///
    /// If the future is dropped while it opens the value, the next call opens it.
    ///
    /// # Errors
    ///
    /// Returns the error of `open`, to every caller in this test. A panic of `open` is an error with its text. Where no test
    /// asks, or one that has ended, the error says so.
    pub async fn get(&'static self) -> Result<Arc<T>, E> {
        let Some(scope) = capture::current() else {
            let asked = self.node(0, None).describe();
            let text = format!("{asked} is of a test, and nobody who works for a test asks for it");
            return Err(E::from_text(text));
        };
        let values = TestValues::of(&scope);
        let slot: Arc<Slot<T, E>> = values.slot(self.address(), || {
            let test = ptr::from_ref(values).addr();
            Slot::new(self.node(test, Some(module_of(scope.name()))))
        });
        let _wait = Wait::begin(&slot.node).map_err(E::from_text)?;
        match poll_fn(|cx| slot.poll(cx)).await {
            Some(opened) => opened,
            None => self.open(values, slot).await,
        }
    }

    /// Does what [`get`](Self::get) does, for tests that are not async, and blocks the thread meanwhile.
    ///
    /// # Errors
    ///
    /// The errors of [`get`](Self::get).
    pub fn get_blocking(&'static self) -> Result<Arc<T>, E> {
        block_on(self.get())
    }

    async fn open(&'static self, values: &TestValues, slot: Arc<Slot<T, E>>) -> Result<Arc<T>, E> {
        let mut opening = SlotOpening(Some(slot.clone()));
        if values.is_over() {
            return Err(E::from_text(slot.too_late()));
        }
        // The time of a value for which another one asks is a part of that one's.
        let since = waits::opening().is_none().then(Instant::now);
        let open = catch(async { self.open.open().await });
        let opened = waits::within(slot.node.clone(), open).await;
        if let Some(since) = since {
            values.add_setup(since.elapsed());
        }
        let opened =
            opened.unwrap_or_else(|text| Err(E::from_text(format!("opening panicked: {text}"))));
        opening.0 = None;
        match opened {
            Ok(value) => {
                let value = Arc::new(value);
                // Whoever closes has to find the value.
                slot.enter(Phase::Open(value.clone()));
                match values.push(self.closing(slot.clone())) {
                    true => Ok(value),
                    false => {
                        drop(slot.take());
                        Err(E::from_text(slot.too_late()))
                    }
                }
            }
            Err(error) => {
                slot.enter(Phase::Failed(Arc::new(error.clone())));
                Err(error)
            }
        }
    }

    /// Returns the closing of the value that the slot has.
    fn closing(&'static self, slot: Arc<Slot<T, E>>) -> CloseValue {
        let (close, bind) = (self.close, E::bind());
        Box::new(move || {
            bind(Box::pin(async move {
                let (Some(value), Some(close)) = (slot.take(), close) else {
                    return Ok(());
                };
                let closed = close.close(value).await;
                closed.map_err(|error| error.describe())
            }))
        })
    }
}

impl<T: 'static, E: SharedError> PerTest<T, E> {
    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    fn node(&self, test: usize, module: Option<Arc<str>>) -> Arc<Node> {
        Node::new::<T>((self.address(), test), self.location, module)
    }
}

impl<T: 'static, E: SharedError> fmt::Debug for PerTest<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerTest").finish_non_exhaustive()
    }
}

/// A test's place for the value of one static.
struct Slot<T, E> {
    node: Arc<Node>,
    state: Mutex<SlotState<T, E>>,
}

struct SlotState<T, E> {
    phase: Phase<T, E>,
    /// Of those who wait for the opening.
    wakers: Vec<Waker>,
}

/// The phase of a test's value.
enum Phase<T, E> {
    Unopened,
    /// Somebody who works for the test opens it.
    Opening,
    Open(Arc<T>),
    Failed(Arc<E>),
    Closed,
}

impl<T, E: SharedError> Slot<T, E> {
    fn new(node: Arc<Node>) -> Self {
        Self {
            node,
            state: Mutex::new(SlotState {
                phase: Phase::Unopened,
                wakers: Vec::new(),
            }),
        }
    }

    /// Waits for the value or the error. Returns `None` if the caller is to open it.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Option<Result<Arc<T>, E>>> {
        // Wakers and errors are a user's: they are cloned and dropped while nothing is locked.
        let waker = cx.waker().clone();
        let mut state = self.lock();
        let failed = match &state.phase {
            Phase::Unopened => {
                state.phase = Phase::Opening;
                return Poll::Ready(None);
            }
            Phase::Opening => {
                if !state.wakers.iter().any(|other| other.will_wake(&waker)) {
                    state.wakers.push(waker);
                }
                return Poll::Pending;
            }
            Phase::Open(value) => return Poll::Ready(Some(Ok(value.clone()))),
            Phase::Failed(error) => Some(error.clone()),
            Phase::Closed => None,
        };
        drop(state);
        Poll::Ready(Some(Err(match failed {
            Some(error) => E::clone(&error),
            None => E::from_text(self.too_late()),
        })))
    }

    /// Enters a phase after `Opening`, or `Unopened`, and wakes those who wait.
    fn enter(&self, phase: Phase<T, E>) {
        let mut state = self.lock();
        let former = mem::replace(&mut state.phase, phase);
        let wakers = mem::take(&mut state.wakers);
        drop(state);
        drop(former);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Takes the value, which is to be closed.
    fn take(&self) -> Option<Arc<T>> {
        match mem::replace(&mut self.lock().phase, Phase::Closed) {
            Phase::Open(value) => Some(value),
            _ => None,
        }
    }

    fn too_late(&self) -> String {
        format!("the test that asks for {} has ended", self.node.describe())
    }
}

impl<T, E> Slot<T, E> {
    fn lock(&self) -> MutexGuard<'_, SlotState<T, E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An opening under way. If it is dropped before its end, the next one who asks opens the value.
struct SlotOpening<T, E: SharedError>(Option<Arc<Slot<T, E>>>);

impl<T, E: SharedError> Drop for SlotOpening<T, E> {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            slot.enter(Phase::Unopened);
        }
    }
}
