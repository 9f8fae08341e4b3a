//! Takes the buffer from std's standard output.
//!
//! All threads share that buffer, and nothing tells whose half line stands in it: what one test has
//! printed without a newline would be shown with the next one that prints. When a process exits std
//! gives its standard output a buffer of no capacity, through which every piece goes at once. There
//! is no public way to do that earlier. So the words of std's `LineWriter` are looked for, by the
//! address of its buffer, which a probe shows; and another probe shows whether it worked. Where it
//! does not, on some future std, half lines are collected when a test panics, is suspended or ends.

#![expect(unsafe_code, reason = "std has no way to do this")]

use std::io::{self, Stdout, StdoutLock, Write};
use std::mem;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{layer, patience};

/// The capacity of the buffer, which std documents nowhere and has never changed.
const CAPACITY: usize = 1024;
/// How many words a mutex with its owner, and a `LineWriter` behind it, take at most.
const MOST_WORDS: usize = 10;
const MARK: &[u8] = b"?";

static IS_GONE: OnceLock<bool> = OnceLock::new();

/// Takes the buffer away for good, if it has not been, and if the layer is in force.
///
/// Waits for whoever has locked standard output.
pub(crate) fn take_away() {
    if layer::is_present() {
        IS_GONE.get_or_init(|| take_away_from(&io::stdout()).is_some());
    }
}

/// Says whether the buffer has been taken away.
pub(super) fn is_gone() -> bool {
    IS_GONE.get() == Some(&true)
}

/// Writes out half a line that may stand in the buffer.
pub(crate) fn flush() {
    if !is_gone() {
        patience::flush();
    }
}

/// Takes the buffer away; `None` if that did not work, and then it is as it was.
fn take_away_from(stdout: &Stdout) -> Option<()> {
    let mut lock = stdout.lock();
    lock.flush().ok()?;
    let capacity = find_capacity(stdout, buffer_address(&mut lock)?)?;
    // SAFETY: see `find_capacity`; this thread has the lock, and nobody is in a call that borrows
    // what it guards. A vector without capacity does not free its memory, which std's never does.
    unsafe { capacity.write_volatile(0) };
    if layer::probe(|| lock.write_all(MARK)).is_some() {
        return Some(());
    }
    // SAFETY: as above; this is the value that stood there.
    unsafe { capacity.write_volatile(CAPACITY) };
    layer::probe(|| lock.flush());
    None
}

/// Returns where the buffer is, which is empty and stays that; `None` if there is none already.
fn buffer_address(lock: &mut StdoutLock<'_>) -> Option<*const u8> {
    if layer::probe(|| lock.write_all(MARK)).is_some() {
        return None;
    }
    layer::probe(|| lock.flush())
}

/// Returns where the capacity stands in what `stdout` points to: beside the buffer's address.
fn find_capacity(stdout: &Stdout, buffer: *const u8) -> Option<*mut usize> {
    if size_of::<Stdout>() != size_of::<*mut usize>() {
        return None;
    }
    // SAFETY: it is as large as a pointer, and what it holds is a reference to a static.
    let words: *mut usize = unsafe { mem::transmute_copy(stdout) };
    if words.is_null() || !words.is_aligned() {
        return None;
    }
    // SAFETY: these words are std's static, or lie beside it in memory. Other threads change nothing
    // there but the mutex, with atomic operations; no word is taken for more than a number.
    let word = |index: usize| unsafe { AtomicUsize::from_ptr(words.add(index)) };
    let holds = |index: usize, number| word(index).load(Ordering::Relaxed) == number;
    let at = (0..MOST_WORDS).find(|index| holds(*index, buffer.addr()))?;
    let beside = at.saturating_sub(2)..MOST_WORDS.min(at + 3);
    let mut found = beside.filter(|index| holds(*index, CAPACITY));
    let capacity = found.next()?;
    found.next().is_none().then(|| words.wrapping_add(capacity))
}
