//! The panic hook that is installed during a run.
//!
//! | state | event, and who | next |
//! | --- | --- | --- |
//! | the former hook is installed | the first run begins: whoever polls it, or a worker that begins to serve | ours is installed, and has the former |
//! | ours is installed | a thread without a test panics | ours calls the former |
//! | ours is installed | a thread that works for a test panics | the text goes to the test, by the former hook where that is captured |
//! | ours is installed | the last run ends, and no thread is in the hook | the former hook is installed |
//! | ours is installed | the last run ends while a thread is in the hook, or on a thread that panics | ours stays, and calls the former |

use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread;

use super::scope::{self, Destination, Role, Scope};
use super::scope_guard::enter_without_flush;
use super::{flush, layer, panic_text};
use crate::unwind::PanicRecord;

type PanicHook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync + 'static>;

/// How many runs are under way in this process.
static RUNS: Mutex<usize> = Mutex::new(0);
/// How many threads are in the hook.
static PANICS: AtomicUsize = AtomicUsize::new(0);
/// The hook that was installed before ours; present as long as ours is installed.
static FORMER: RwLock<Option<Arc<PanicHook>>> = RwLock::new(None);

/// Keeps the hook installed. The last guard that is dropped restores the former hook, unless a thread is in ours:
/// `panic::take_hook` would wait for that thread, which may be that of a test which has timed out.
pub(crate) struct HookGuard(());

impl HookGuard {
    pub(crate) fn install() -> Self {
        let mut runs = lock_runs();
        if *runs == 0 && former().is_none() {
            let former = panic::take_hook();
            *FORMER.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(former));
            panic::set_hook(Box::new(on_panic));
        }
        *runs += 1;
        Self(())
    }
}

impl Drop for HookGuard {
    fn drop(&mut self) {
        let mut runs = lock_runs();
        *runs -= 1;
        // `panic::take_hook` panics on a thread that is panicking.
        if *runs > 0 || thread::panicking() || PANICS.load(Ordering::SeqCst) > 0 {
            return;
        }
        let former = FORMER
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(former) = former {
            drop(panic::take_hook());
            // A thread that is in the former hook at this moment has it too.
            let shared =
                |former: Arc<PanicHook>| -> PanicHook { Box::new(move |info| former(info)) };
            panic::set_hook(Arc::try_unwrap(former).unwrap_or_else(shared));
        }
    }
}

fn lock_runs() -> MutexGuard<'static, usize> {
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn on_panic(info: &PanicHookInfo<'_>) {
    PANICS.fetch_add(1, Ordering::SeqCst);
    report(info);
    // A hook that panics aborts the process: this is always reached, or the thread is stuck.
    PANICS.fetch_sub(1, Ordering::SeqCst);
}

fn report(info: &PanicHookInfo<'_>) {
    let Some((scope, role)) = scope::current_entry() else {
        return call_former(info);
    };
    scope.record_panic(PanicRecord::new(info));
    if scope.merges_output() {
        // Half a line that was printed before the panic comes before its text. This thread may hold what a thread that has
        // std's lock waits for, such as Python's.
        flush::flush_stdout_in_time();
    }
    let is_stderr_open = scope.reopen_stderr();
    let keeps_name = role == Role::Thread;
    match layer::is_present() {
        // The former hook writes to standard error, which the layer captures.
        true if keeps_name && is_stderr_open => call_former(info),
        true if keeps_name => scope.append_or_print(&former_text(info, &scope)),
        true => scope.append_or_print(&renamed_former_text(info, &scope)),
        // The output is not captured, and the thread bears the right name.
        false if keeps_name && is_stderr_open && !scope.is_capturing() => call_former(info),
        false => scope.append_or_print(own_text(info, &scope, keeps_name).as_bytes()),
    }
}

fn call_former(info: &PanicHookInfo<'_>) {
    // The hook is the user's, and may take its time.
    if let Some(former) = former() {
        former(info);
    }
}

fn former() -> Option<Arc<PanicHook>> {
    FORMER
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// Returns what the former hook prints.
fn former_text(info: &PanicHookInfo<'_>, scope: &Scope) -> Vec<u8> {
    let aside = Scope::new(scope.name().to_owned(), Destination::Scope);
    {
        let _entered = enter_without_flush(Some(aside.clone()), Role::Thread);
        call_former(info);
    }
    aside.close()
}

/// Returns what the former hook prints, with the test's name in place of the thread's.
fn renamed_former_text(info: &PanicHookInfo<'_>, scope: &Scope) -> Vec<u8> {
    let thread = thread::current();
    panic_text::rename(
        former_text(info, scope),
        thread.name().unwrap_or("<unnamed>"),
        scope.name(),
    )
}

/// Returns a text like that of std's hook, for systems where the output of that hook is not captured.
fn own_text(info: &PanicHookInfo<'_>, scope: &Scope, keeps_name: bool) -> String {
    let thread = thread::current();
    let own_name = thread.name().unwrap_or("<unnamed>");
    panic_text::render(info, if keeps_name { own_name } else { scope.name() })
}
