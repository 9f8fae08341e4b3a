//! The tokio runtime of this process: whose it is, when it is built, and which one a forked child uses.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, Once, PoisonError, RwLock};

use ::tokio::runtime::{Builder, Handle, Runtime};
use pyo3::prelude::*;

use crate::bridge::{generation, hold_over_forks};
use crate::runtime::errors::left_behind_by_fork;
use crate::runtime::init_error::InitError;

/// The runtime of this process. It is never freed, so that references to it live for ever.
static RUNTIME: RwLock<Option<&'static Slot>> = RwLock::new(None);
thread_local! {
    /// The runtime that this thread saw last. Only a fork replaces one.
    static SEEN: Cell<Option<&'static Slot>> = const { Cell::new(None) };
}

/// Whoever sets the runtime holds it.
static SETUP: Mutex<Setup> = Mutex::new(Setup {
    builder: None,
    driven: false,
});

/// How the runtime is built.
struct Setup {
    builder: Option<Builder>,
    /// A thread of the library's drives it.
    driven: bool,
}

struct Slot {
    owned: Owned,
    /// The process whose threads run it.
    generation: u32,
}

/// Whose the runtime is.
enum Owned {
    Ours(Runtime),
    Theirs(&'static Runtime),
    Handle(Handle),
}

/// Sets how the runtime will be built when it is first needed.
///
/// A current-thread builder makes a runtime that nobody drives: its futures run while somebody calls `block_on` on
/// [`get_runtime`]. [`init_current_thread`] makes one that is driven.
///
/// # Errors
///
/// When the runtime exists already; it goes on as it is.
pub fn init(builder: Builder) -> Result<(), InitError> {
    set_up(builder, false)
}

fn set_up(builder: Builder, driven: bool) -> Result<(), InitError> {
    let mut setup = setup();
    if slot().is_some() {
        return Err(InitError::new());
    }
    *setup = Setup {
        builder: Some(builder),
        driven,
    };
    Ok(())
}

/// Uses a runtime of the caller's.
///
/// # Errors
///
/// When the runtime exists already; it goes on as it is.
pub fn init_with_runtime(runtime: &'static Runtime) -> Result<(), InitError> {
    use_theirs(Owned::Theirs(runtime))
}

/// Uses a runtime of the caller's, known by its handle. [`get_runtime`] panics from then on; see [`get_handle`].
///
/// # Errors
///
/// When the runtime exists already; it goes on as it is.
pub fn init_with_handle(handle: Handle) -> Result<(), InitError> {
    use_theirs(Owned::Handle(handle))
}

fn use_theirs(owned: Owned) -> Result<(), InitError> {
    let _setup = setup();
    if slot().is_some() {
        return Err(InitError::new());
    }
    publish(owned);
    Ok(())
}

/// Makes a runtime with one worker thread for each core and everything enabled, as is the default.
///
/// # Errors
///
/// When the runtime exists already; it goes on as it is.
pub fn init_multi_thread() -> Result<(), InitError> {
    init(multi_thread())
}

/// Makes a runtime that runs all tasks on one thread of its own, and starts that thread.
///
/// # Errors
///
/// When the runtime exists already; it goes on as it is.
///
/// # Panics
///
/// When the operating system gives no thread.
pub fn init_current_thread() -> Result<(), InitError> {
    let mut builder = Builder::new_current_thread();
    builder.enable_all();
    set_up(builder, true)?;
    // The thread starts here, so that a lack of threads is seen here.
    let _ = get_handle();
    Ok(())
}

/// Returns the runtime; builds it the first time.
///
/// # Panics
///
/// After [`init_with_handle`], where there is only a handle: use [`get_handle`]. When the operating system gives the
/// runtime no threads.
pub fn get_runtime<'a>() -> &'a Runtime {
    match owned() {
        Owned::Ours(runtime) => runtime,
        Owned::Theirs(runtime) => runtime,
        Owned::Handle(_) => {
            panic!("init_with_handle() gave no runtime, only its handle: use get_handle()")
        }
    }
}

/// Returns the handle of the runtime; builds the runtime the first time.
///
/// # Panics
///
/// When the operating system gives the runtime no threads.
pub fn get_handle() -> &'static Handle {
    match owned() {
        Owned::Ours(runtime) => runtime.handle(),
        Owned::Theirs(runtime) => runtime.handle(),
        Owned::Handle(handle) => handle,
    }
}

/// Fails in a forked child whose parent's runtime is a user's: it cannot be built anew.
pub(super) fn ensure_alive() -> PyResult<()> {
    match slot() {
        Some(slot) if !matches!(slot.owned, Owned::Ours(_)) && slot.generation != generation() => {
            Err(left_behind_by_fork(
                "the tokio runtime that init_with_runtime() or init_with_handle() was given",
            ))
        }
        _ => Ok(()),
    }
}

fn owned() -> &'static Owned {
    match SEEN.get().filter(|slot| is_alive(slot)) {
        Some(slot) => &slot.owned,
        None => look_up(),
    }
}

#[cold]
fn look_up() -> &'static Owned {
    match slot().filter(|slot| is_alive(slot)) {
        Some(slot) => {
            SEEN.set(Some(slot));
            &slot.owned
        }
        None => build(),
    }
}

/// A runtime of ours is replaced in a forked child; one of theirs is used for what it is, and refused by conversions.
fn is_alive(slot: &Slot) -> bool {
    slot.generation == generation() || !matches!(slot.owned, Owned::Ours(_))
}

fn slot() -> Option<&'static Slot> {
    *RUNTIME.read().unwrap_or_else(PoisonError::into_inner)
}

fn publish(owned: Owned) -> &'static Owned {
    let slot: &'static Slot = Box::leak(Box::new(Slot {
        owned,
        generation: generation(),
    }));
    *RUNTIME.write().unwrap_or_else(PoisonError::into_inner) = Some(slot);
    &slot.owned
}

fn setup() -> MutexGuard<'static, Setup> {
    static HOLD: Once = Once::new();
    // A thread may build the runtime while another one forks: the child, which does not have that thread, would find
    // the locks taken for ever.
    HOLD.call_once(|| {
        generation();
        // In the order of `build`.
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
fn build() -> &'static Owned {
    let mut setup = setup();
    if let Some(slot) = slot().filter(|slot| is_alive(slot)) {
        return &slot.owned;
    }
    let driven = setup.driven;
    let builder = setup.builder.get_or_insert_with(multi_thread);
    let runtime = builder
        .build()
        .expect("the operating system gives tokio its threads");
    let owned = publish(Owned::Ours(runtime));
    if let (true, Owned::Ours(runtime)) = (driven, owned) {
        std::thread::Builder::new()
            .name("pyo3-aio-tokio".to_owned())
            .spawn(|| runtime.block_on(std::future::pending::<()>()))
            .expect("the operating system gives a thread to drive tokio");
    }
    owned
}

fn multi_thread() -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder.enable_all();
    builder
}
