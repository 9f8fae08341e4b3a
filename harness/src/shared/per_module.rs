//! Values that the tests of a module share.

use std::fmt;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};

use super::waits::{self, Node};
use super::{Close, Open, Shared, SharedError, module_of};
use crate::block_on::block_on;
use crate::capture;
use crate::trial::Failed;

/// A value that is made when the first test of a module asks for it, and shared by all tests of that module: each
/// module has its own. pytest calls it a fixture of module scope.
///
/// The module of a test is its name up to the last `::`, so `a::b` for `a::b::adds`, and not `a`.
///
/// ```no_run
/// use libtest_async::{Failed, PerModule, Trial};
///
/// struct Server;
///
/// static SERVER: PerModule<Server> = PerModule::new(&start).with_close(&stop);
///
/// async fn start() -> Result<Server, Failed> {
///     Ok(Server)
/// }
///
/// async fn stop(_server: &Server) -> Result<(), Failed> {
///     Ok(())
/// }
///
/// libtest_async::main!([Trial::async_test("users::logs_in", async {
///     let _server: &'static Server = SERVER.get().await?;
///     Ok(())
/// })]);
/// ```
///
/// Everything else is as with [`Shared`]: the thread of `open` and `close`, their output, errors, and the closing at the end of
/// the run. It is not closed before that, since tests of many modules run at once, in any order with `--shuffle`, and one that
/// has timed out may use it still.
///
/// Who asks is a test, or the `open` of another value of a test or of a module: that of a [`Shared`] gets an error.
pub struct PerModule<T: 'static, E: SharedError = Failed> {
    open: &'static (dyn Open<T, E> + Sync),
    close: Option<&'static (dyn Close<T, E> + Sync)>,
    location: &'static Location<'static>,
    modules: Mutex<Vec<OfModule<T, E>>>,
}

/// A module and its value.
type OfModule<T, E> = (Arc<str>, &'static Shared<T, E>);

impl<T: Send + Sync + 'static, E: SharedError> PerModule<T, E> {
    /// Creates a value that `open` makes: see [`Shared::new`].
    #[track_caller]
    pub const fn new<F: Open<T, E> + Sync>(open: &'static F) -> Self {
        Self {
            open,
            close: None,
            location: Location::caller(),
            modules: Mutex::new(Vec::new()),
        }
    }

    /// Sets `close`, which is called at the end of the run for each module: see [`Shared::with_close`].
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

    /// Returns the value of the current test's module, which the first call opens.
    ///
    /// Dropping the future does not end the opening.
    ///
    /// # Errors
    ///
    /// Returns the error of `open`, to every caller of that module. A panic of `open` is an error with its text. Where neither a
    /// test asks nor a value of one, the error says so.
    pub async fn get(&'static self) -> Result<&'static T, E> {
        let module = match waits::opening() {
            Some(asking) => asking.module.clone(),
            None => capture::current().map(|test| module_of(test.name())),
        };
        match module {
            Some(module) => self.of(module).get().await,
            None => {
                let asked = Node::new::<T>((0, 0), self.location, None).describe();
                let text = format!("{asked} is of a module, and nobody of a module asks for it");
                Err(E::from_text(text))
            }
        }
    }

    /// Does what [`get`](Self::get) does, for tests that are not async, and blocks the thread meanwhile.
    ///
    /// # Errors
    ///
    /// The errors of [`get`](Self::get).
    pub fn get_blocking(&'static self) -> Result<&'static T, E> {
        block_on(self.get())
    }

    /// Returns the value of a module, open or not. It is never dropped, as it might be in a `static`.
    fn of(&'static self, module: Arc<str>) -> &'static Shared<T, E> {
        let modules = self.modules.lock();
        let mut modules = modules.unwrap_or_else(PoisonError::into_inner);
        if let Some((_, shared)) = modules.iter().find(|(other, _)| *other == module) {
            return shared;
        }
        let own = Shared::of_module(self.open, self.close, self.location, module.clone());
        let shared = Box::leak(Box::new(own));
        modules.push((module, shared));
        shared
    }
}

impl<T: 'static, E: SharedError> fmt::Debug for PerModule<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerModule").finish_non_exhaustive()
    }
}
