//! The values of one test, which [`PerTest`](super::PerTest) opens, and their closing at the end of an attempt.
//!
//! | the values are | event, and who | next |
//! | --- | --- | --- |
//! | none: the scope of the test has nothing attached | a thread or task of the test asks for one | in use |
//! | in use | the body has returned, panicked or been dropped: the test's thread closes them, the last one first | over |
//! | over | a thread that the test has left behind asks: it gets an error | |

use std::any::Any;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::LocalFuture;
use super::opening::catch;
use crate::block_on::block_on;
use crate::capture::{self, Scope};
use crate::process::ReportingProcess;

/// Closes a value, and drops it.
pub(super) type CloseValue = Box<dyn FnOnce() -> LocalFuture<Result<(), String>> + Send>;

/// What is attached to the scope of a test.
pub(super) struct TestValues {
    /// A forked child does not close what is its parent's.
    process: ReportingProcess,
    state: Mutex<State>,
    closed: Condvar,
}

#[derive(Default)]
struct State {
    is_over: bool,
    /// By the addresses of the statics.
    slots: Vec<(usize, Arc<dyn Any + Send + Sync>)>,
    /// In the order in which their openings have ended.
    opened: Vec<CloseValue>,
    /// Of the closings.
    errors: Vec<String>,
    times: FixtureTimes,
}

/// How long the values of a test took to open and to close, as a part of the time of its body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct FixtureTimes {
    pub(crate) setup: Duration,
    pub(crate) teardown: Duration,
}

impl TestValues {
    /// Returns the values of a test, if it has asked for any.
    fn find(scope: &Scope) -> Option<&Self> {
        let attached: &dyn Any = scope.attachment().get()?.as_ref();
        attached.downcast_ref()
    }

    /// Returns the values of a test.
    pub(super) fn of(scope: &Scope) -> &Self {
        scope.attachment().get_or_init(|| {
            Box::new(Self {
                process: ReportingProcess::new(),
                state: Mutex::default(),
                closed: Condvar::new(),
            })
        });
        Self::find(scope).expect("nothing else is attached to a scope")
    }

    /// Returns the slot of the static at this address.
    pub(super) fn slot<S: Any + Send + Sync>(
        &self,
        address: usize,
        make: impl FnOnce() -> S,
    ) -> Arc<S> {
        let mut state = self.lock();
        let found = state.slots.iter().find(|(other, _)| *other == address);
        let slot = match found {
            Some((_, slot)) => slot.clone(),
            None => {
                let slot: Arc<dyn Any + Send + Sync> = Arc::new(make());
                state.slots.push((address, slot.clone()));
                slot
            }
        };
        slot.downcast().expect("a static has one type")
    }

    /// Has a value closed at the end of the test; `false` says that this has passed.
    pub(super) fn push(&self, close: CloseValue) -> bool {
        let mut state = self.lock();
        if !state.is_over {
            state.opened.push(close);
        }
        !state.is_over
    }

    /// Says whether the test has ended.
    pub(super) fn is_over(&self) -> bool {
        self.lock().is_over
    }

    /// Adds to the time that openings have taken.
    pub(super) fn add_setup(&self, time: Duration) {
        self.lock().times.setup += time;
    }

    /// Closes the values, the last one first. A closing may ask for others, which are closed after it.
    async fn close(&self) {
        if self.process.is_forked() || self.is_over() {
            return;
        }
        let since = Instant::now();
        while let Some(close) = self.next() {
            let closed = catch(async { close().await }).await;
            let closed = closed.unwrap_or_else(|text| Err(format!("closing panicked: {text}")));
            if let Err(text) = closed {
                self.lock().errors.push(text);
            }
        }
        self.lock().times.teardown += since.elapsed();
    }

    fn next(&self) -> Option<CloseValue> {
        let mut state = self.lock();
        let next = state.opened.pop();
        state.is_over = next.is_none();
        if state.is_over {
            self.closed.notify_all();
        }
        next
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the closing of the values that the current test has opened; `None` if it has asked for none.
///
/// It is for the test's thread, after the body. Called again it has nothing to do.
pub fn close_test_values() -> Option<LocalFuture<()>> {
    let scope = capture::current()?;
    TestValues::find(&scope)?;
    Some(Box::pin(async move {
        if let Some(values) = TestValues::find(&scope) {
            values.close().await;
        }
    }))
}

/// The values of a test that has not ended, to be waited for.
pub(crate) struct OpenValues(Arc<Scope>);

impl OpenValues {
    /// Returns the values of this test, if there are any that are not closed.
    pub(crate) fn of(scope: &Arc<Scope>) -> Option<Self> {
        let values = TestValues::find(scope)?;
        (!values.is_over()).then(|| Self(scope.clone()))
    }

    /// Waits until the values are closed, or for so long.
    pub(crate) fn wait(&self, limit: Duration) {
        if let Some(values) = TestValues::find(&self.0) {
            let is_open = |state: &mut State| !state.is_over;
            let waited = values
                .closed
                .wait_timeout_while(values.lock(), limit, is_open);
            drop(waited.unwrap_or_else(PoisonError::into_inner));
        }
    }
}

/// Closes the values of a test whose body has not done so, on this thread; returns the errors of all closings, and how long
/// the values took, if there were any.
#[inline]
pub(crate) fn end_test_values(scope: &Scope) -> Option<Box<(Vec<String>, FixtureTimes)>> {
    scope.attachment().get()?;
    TestValues::find(scope).map(end)
}

/// Stays out of the way of the tests that have no values.
#[cold]
#[inline(never)]
fn end(values: &TestValues) -> Box<(Vec<String>, FixtureTimes)> {
    block_on(values.close());
    let mut state = values.lock();
    Box::new((mem::take(&mut state.errors), state.times))
}
