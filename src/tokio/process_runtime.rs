//! The tokio runtime of this process: the library's own or a user's, when it is built, and what a forked child does.
//!
//! | state | transition | by |
//! | --- | --- | --- |
//! | none | sets the builder for later | [`init`], [`init_multi_thread`] |
//! | none | published, a user's | [`init_with_runtime`], [`init_with_handle`] |
//! | none | built and published, the library's own | the first use of [`get_handle`] or [`get_runtime`], on any thread, and [`init_current_thread`] |
//! | published by the parent of a fork, the library's own | built anew, with the same builder, and published | the first use in the child |
//! | published by the parent of a fork, a user's | stays; [`ensure_alive`] fails | |
//!
//! Every transition holds [`SETUP`]. A published runtime is never freed.

use std::cell::Cell;
use std::sync::mpsc::{self, Sender};
use std::sync::{Mutex, MutexGuard, Once, PoisonError, RwLock};

use ::tokio::runtime::{Builder, Handle, Runtime};
use pyo3::prelude::*;

use crate::bridge::{generation, hold_over_forks};
use crate::runtime::errors::left_behind_by_fork;
use crate::runtime::init_error::InitError;

/// The published runtime.
static RUNTIME: RwLock<Option<&'static ProcessRuntime>> = RwLock::new(None);

thread_local! {
    /// The runtime that this thread has used last, so that a use needs no lock. Only a fork replaces a runtime.
    static LAST_USED: Cell<Option<&'static ProcessRuntime>> = const { Cell::new(None) };
}

/// How the runtime is built. Held by the thread that publishes it, also while that one builds it.
static SETUP: Mutex<Setup> = Mutex::new(Setup {
    builder: None,
    has_driver: false,
});

struct Setup {
    builder: Option<Builder>,
    /// Whether a thread of the library's drives the runtime (`init_current_thread`).
    has_driver: bool,
}

struct ProcessRuntime {
    runtime: AnyRuntime,
    /// The number of forks that led to the process which has the runtime's threads.
    generation: u32,
}

enum AnyRuntime {
    /// The library has built it.
    Own(Runtime),
    /// From `init_with_runtime`.
    User(&'static Runtime),
    /// From `init_with_handle`.
    UserHandle(Handle),
}

/// Sets the builder with which the runtime is built when it is first needed. A forked child builds its own with it.
///
/// No thread drives a runtime of a current-thread builder: its futures run only while somebody calls `block_on` on
/// [`get_runtime`]. [`init_current_thread`] makes one with a thread that drives it.
///
/// # Errors
///
/// When the runtime exists already, which goes on as it is.
pub fn init(builder: Builder) -> Result<(), InitError> {
    set_up(builder, false)
}

fn set_up(builder: Builder, has_driver: bool) -> Result<(), InitError> {
    let mut setup = setup();
    if published().is_some() {
        return Err(InitError::new());
    }
    *setup = Setup {
        builder: Some(builder),
        has_driver,
    };
    Ok(())
}

/// Uses a runtime of the caller's, which the library never shuts down. In a forked child, which has none of its threads,
/// conversions fail with `RuntimeError`.
///
/// # Errors
///
/// When the runtime exists already, which goes on as it is.
pub fn init_with_runtime(runtime: &'static Runtime) -> Result<(), InitError> {
    use_runtime_of_user(AnyRuntime::User(runtime))
}

/// Uses a runtime of the caller's by its handle, as [`init_with_runtime`] does. From then on [`get_runtime`] panics, and
/// [`get_handle`] works.
///
/// # Errors
///
/// When the runtime exists already, which goes on as it is.
pub fn init_with_handle(handle: Handle) -> Result<(), InitError> {
    use_runtime_of_user(AnyRuntime::UserHandle(handle))
}

fn use_runtime_of_user(runtime: AnyRuntime) -> Result<(), InitError> {
    let _setup = setup();
    if published().is_some() {
        return Err(InitError::new());
    }
    publish(runtime);
    Ok(())
}

/// Sets a builder with one worker thread for each core and with everything enabled, which is the default.
///
/// # Errors
///
/// When the runtime exists already, which goes on as it is.
pub fn init_multi_thread() -> Result<(), InitError> {
    init(multi_thread())
}

/// Builds a runtime that runs all tasks on one thread of its own, and starts that thread.
///
/// # Errors
///
/// When the runtime exists already, which goes on as it is.
///
/// # Panics
///
/// When the operating system gives no thread. The runtime does not exist then; it is built when it is needed next.
pub fn init_current_thread() -> Result<(), InitError> {
    let mut builder = Builder::new_current_thread();
    builder.enable_all();
    set_up(builder, true)?;
    // The thread starts now, so that a lack of threads is reported here and not by the first conversion.
    let _ = get_handle();
    Ok(())
}

/// Returns the runtime; builds it if it does not exist yet.
///
/// # Panics
///
/// After [`init_with_handle`], which gives no runtime: use [`get_handle`]. When the operating system gives the runtime no
/// threads.
pub fn get_runtime<'a>() -> &'a Runtime {
    match runtime() {
        AnyRuntime::Own(runtime) => runtime,
        AnyRuntime::User(runtime) => runtime,
        AnyRuntime::UserHandle(_) => {
            panic!("init_with_handle() gave no runtime, only its handle: use get_handle()")
        }
    }
}

/// Returns the handle of the runtime; builds the runtime if it does not exist yet.
///
/// # Panics
///
/// When the operating system gives the runtime no threads.
pub fn get_handle() -> &'static Handle {
    match runtime() {
        AnyRuntime::Own(runtime) => runtime.handle(),
        AnyRuntime::User(runtime) => runtime.handle(),
        AnyRuntime::UserHandle(handle) => handle,
    }
}

/// Checks that the runtime has its threads in this process, or can be built anew.
///
/// # Errors
///
/// `RuntimeError` in a forked child, if the parent's runtime is a user's.
pub(super) fn ensure_alive() -> PyResult<()> {
    match published() {
        Some(current)
            if !matches!(current.runtime, AnyRuntime::Own(_))
                && current.generation != generation() =>
        {
            Err(left_behind_by_fork(
                "the tokio runtime that init_with_runtime() or init_with_handle() was given",
            ))
        }
        _ => Ok(()),
    }
}

fn runtime() -> &'static AnyRuntime {
    match LAST_USED.get().filter(|current| is_usable(current)) {
        Some(current) => &current.runtime,
        None => look_up(),
    }
}

#[cold]
fn look_up() -> &'static AnyRuntime {
    match published().filter(|current| is_usable(current)) {
        Some(current) => {
            LAST_USED.set(Some(current));
            &current.runtime
        }
        None => build(),
    }
}

/// Whether a runtime may be used in this process: not the library's own of a parent, which is built anew. A user's is
/// returned to the user in a forked child too; conversions fail there ([`ensure_alive`]).
fn is_usable(current: &ProcessRuntime) -> bool {
    current.generation == generation() || !matches!(current.runtime, AnyRuntime::Own(_))
}

fn published() -> Option<&'static ProcessRuntime> {
    *RUNTIME.read().unwrap_or_else(PoisonError::into_inner)
}

fn publish(runtime: AnyRuntime) -> &'static AnyRuntime {
    let current: &'static ProcessRuntime = Box::leak(Box::new(ProcessRuntime {
        runtime,
        generation: generation(),
    }));
    *RUNTIME.write().unwrap_or_else(PoisonError::into_inner) = Some(current);
    &current.runtime
}

fn setup() -> MutexGuard<'static, Setup> {
    static HOLD: Once = Once::new();
    // Another thread may fork while this one builds the runtime. The child does not have this thread, and would find the
    // locks taken for ever, so forks wait for them.
    HOLD.call_once(|| {
        generation();
        // The order in which `build` takes them.
        hold_over_forks(|| {
            let setup = lock_setup();
            Box::new((
                setup,
                RUNTIME.write().unwrap_or_else(PoisonError::into_inner),
            ))
        });
    });
    lock_setup()
}

fn lock_setup() -> MutexGuard<'static, Setup> {
    SETUP.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cold]
fn build() -> &'static AnyRuntime {
    let mut setup = setup();
    if let Some(current) = published().filter(|current| is_usable(current)) {
        return &current.runtime;
    }
    let has_driver = setup.has_driver;
    let builder = setup.builder.get_or_insert_with(multi_thread);
    let runtime = builder
        .build()
        .expect("the operating system gives tokio its threads");
    // Started before the runtime is published: where there is no thread for it, the next use tries again.
    let driver = has_driver.then(start_driver);
    let published = publish(AnyRuntime::Own(runtime));
    if let (Some(driver), AnyRuntime::Own(runtime)) = (driver, published) {
        driver.send(runtime).expect("it waits for the runtime");
    }
    published
}

/// Starts the thread that drives the runtime which it is sent.
fn start_driver() -> Sender<&'static Runtime> {
    let (driver, runtime) = mpsc::channel::<&'static Runtime>();
    std::thread::Builder::new()
        .name("pyo3-aio-tokio".to_owned())
        .spawn(move || {
            if let Ok(runtime) = runtime.recv() {
                runtime.block_on(std::future::pending::<()>());
            }
        })
        .expect("the operating system gives a thread to drive tokio");
    driver
}

fn multi_thread() -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.enable_all();
    builder
}
