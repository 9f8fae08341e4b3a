//! The text that a test has printed.
//!
//! | state | event, and who | next |
//! | --- | --- | --- |
//! | open | any thread that works for the test appends, a signal handler on it too | open |
//! | open | whoever reports the end of the test closes: its own thread, the thread that drives the schedule (time-out), or the handler of SIGABRT | closed |
//! | closed, writers are under way | the last one ends, within [`APPEND_LIMIT`] | drained: the chunks are shown, and freed |
//! | closed, writers are under way | the limit passes: a writer was interrupted for good | shown: the chunks are left to that writer until the journal is dropped |
//! | closed | an append is refused, and the caller prints elsewhere | closed |
//!
//! - An append takes no lock and waits for nobody, so that it may interrupt another one of its own
//!   thread, as a signal handler does, and happen in a forked child.
//! - It does not call the allocator, which a signal handler may have interrupted as well.
//! - Its bytes stay together, and stand before those of appends that begin after its end.
//! - Whoever closes the journal gets everything whose append has returned `true`, except for what is
//!   in a chunk with an append that never ends.

#![expect(unsafe_code, reason = "threads share memory that no lock guards")]

use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::chunk::{Chunk, UNAVAILABLE};

/// How long closing waits for appends under way. One that takes longer was interrupted for good. The journal of a
/// test that has timed out is closed by the thread that drives the schedule: no other test starts meanwhile.
const APPEND_LIMIT: Duration = Duration::from_secs(1);
/// Text that grows until it is closed.
pub(super) struct Journal {
    is_closed: AtomicBool,
    /// How many appends are under way.
    writers: AtomicUsize,
    /// The newest chunk; null if there is none.
    last: AtomicPtr<Chunk>,
}

// SAFETY: what the pointers lead to is atomic, or written by whoever reserved it and read when no
// append is under way.
unsafe impl Send for Journal {}
// SAFETY: shared references append and close alone, which is done by atomic operations.
unsafe impl Sync for Journal {}

impl Journal {
    pub(super) const fn new() -> Self {
        Self {
            is_closed: AtomicBool::new(false),
            writers: AtomicUsize::new(0),
            last: AtomicPtr::new(ptr::null_mut()),
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// Appends `parts`, one after the other; `false` if the journal is closed, or there is no memory.
    pub(super) fn append<'a>(&self, parts: impl Iterator<Item = &'a [u8]> + Clone) -> bool {
        let Some(_writing) = self.enter() else {
            return false;
        };
        let length = parts.clone().map(<[u8]>::len).sum();
        if length == 0 {
            return true;
        }
        loop {
            let last = self.last.load(Ordering::Acquire);
            // SAFETY: chunks are freed when no append is under way.
            if !last.is_null() && unsafe { Chunk::append(last, parts.clone(), length) } {
                return true;
            }
            // SAFETY: `last` is null, or a chunk of this journal, which this append keeps from being freed.
            let Some(new) = (unsafe { Chunk::after(last, length) }) else {
                return false;
            };
            // SAFETY: it is new, and nobody else's.
            unsafe { Chunk::append(new, parts.clone(), length) };
            let exchanged =
                self.last
                    .compare_exchange(last, new, Ordering::AcqRel, Ordering::Acquire);
            if exchanged.is_ok() {
                return true;
            }
            // SAFETY: the chunk is not published yet, so no other thread has a pointer to it.
            unsafe { Chunk::free(new) };
        }
    }

    /// Ends the growth and shows the text in pieces. The second caller gets none.
    ///
    /// Does not call the allocator.
    pub(super) fn close(&self, mut visit: impl FnMut(&[u8])) {
        if self.is_closed.swap(true, Ordering::SeqCst) {
            return;
        }
        if !self.is_quiet_soon() {
            return self.show_complete(&mut visit);
        }
        let last = self.last.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: no append is under way and none will be, and the list is not to be found any more.
        unsafe { Chunk::drain(last, visit) };
    }

    /// Shows the chunks in which no append is under way, and frees none: the append that is under way may go on.
    fn show_complete(&self, visit: &mut impl FnMut(&[u8])) {
        // SAFETY: chunks are freed when no append is under way, or with the journal.
        if unsafe { Chunk::show(self.last.load(Ordering::Acquire), visit) } {
            visit(UNAVAILABLE);
        }
    }

    fn enter(&self) -> Option<Writing<'_>> {
        // An append that begins after the closing is not counted, so that closing does not wait for it.
        if self.is_closed() {
            return None;
        }
        self.writers.fetch_add(1, Ordering::SeqCst);
        let writing = Writing(self);
        // Closing sets the flag before it looks at the number of writers.
        (!self.is_closed()).then_some(writing)
    }

    fn is_quiet_soon(&self) -> bool {
        let since = Instant::now();
        while self.writers.load(Ordering::SeqCst) > 0 {
            if since.elapsed() > APPEND_LIMIT {
                return false;
            }
            thread::yield_now();
        }
        true
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        // SAFETY: nobody else has the journal, and so its chunks.
        unsafe { Chunk::drain(*self.last.get_mut(), |_| ()) };
    }
}

/// An append that is under way.
struct Writing<'a>(&'a Journal);

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.0.writers.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::iter;

    use super::super::chunk::MIN_SIZE;
    use super::*;

    fn text(journal: &Journal) -> Vec<u8> {
        let mut text = Vec::new();
        journal.close(|piece| text.extend_from_slice(piece));
        text
    }

    #[test]
    fn what_is_appended_comes_back_in_order_and_once() {
        let journal = Journal::new();
        let mut expected = Vec::new();
        for (length, byte) in [1, 0, 100, MIN_SIZE, 7, 3 * MIN_SIZE, MIN_SIZE - 1]
            .into_iter()
            .zip(b'a'..)
        {
            let part = vec![byte; length];
            assert!(journal.append([&part[..], b"|"].into_iter()));
            expected.extend(part.into_iter().chain(*b"|"));
        }
        assert!(text(&journal) == expected);
        assert!(!journal.append(iter::once(&b"late"[..])));
        assert_eq!(text(&journal), b"");
    }

    #[test]
    fn threads_neither_split_nor_lose_lines() {
        let journal = Journal::new();
        let rounds = if cfg!(miri) { 20 } else { 5000 };
        thread::scope(|scope| {
            for letter in b'a'..b'e' {
                let journal = &journal;
                scope.spawn(move || {
                    for _ in 0..rounds {
                        let line = [&[letter; 40][..], b"\n"];
                        assert!(journal.append(line.into_iter()));
                    }
                });
            }
        });
        let text = text(&journal);
        for letter in b'a'..b'e' {
            let lines = text.split(|byte| *byte == b'\n');
            assert_eq!(lines.filter(|line| *line == [letter; 40]).count(), rounds);
        }
    }

    #[test]
    fn what_was_taken_in_before_the_end_is_there() {
        for _ in 0..if cfg!(miri) { 2 } else { 200 } {
            let journal = Journal::new();
            let taken = AtomicUsize::new(0);
            let text = thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        while journal.append(iter::once(&b"x"[..])) {
                            taken.fetch_add(1, Ordering::SeqCst);
                        }
                    });
                }
                while taken.load(Ordering::SeqCst) < 10 {
                    thread::yield_now();
                }
                text(&journal)
            });
            assert_eq!(text.len(), taken.load(Ordering::SeqCst));
        }
    }

    #[test]
    fn an_append_that_never_ends_keeps_nobody_waiting() {
        let journal = Journal::new();
        assert!(journal.append(iter::once(&b"before"[..])));
        let writing = journal.enter();
        assert_eq!(text(&journal), [b"before", UNAVAILABLE].concat());
        drop(writing);
    }

    #[test]
    fn an_append_that_never_ends_takes_its_chunk_along_and_no_other() {
        let journal = Journal::new();
        let (first, last) = (vec![b'a'; MIN_SIZE], vec![b'd'; 3 * MIN_SIZE]);
        assert!(journal.append(iter::once(&first[..])));
        assert!(journal.append(iter::once(&b"b"[..])));
        let writing = journal.enter();
        let chunk = journal.last.load(Ordering::Acquire);
        // SAFETY: the journal, which has it, is there.
        unsafe { Chunk::reserve_for_ever(chunk) };
        assert!(journal.append(iter::once(&b"c"[..])));
        assert!(journal.append(iter::once(&last[..])));
        assert!(text(&journal) == [&first[..], UNAVAILABLE, &last[..]].concat());
        drop(writing);
    }

    #[test]
    fn appends_that_come_late_are_not_waited_for() {
        let journal = Journal::new();
        let (taken, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
        let text = thread::scope(|scope| {
            for _ in 0..if cfg!(miri) { 2 } else { 16 } {
                scope.spawn(|| {
                    while !is_over.load(Ordering::SeqCst) {
                        let is_taken = journal.append(iter::once(&b"x"[..]));
                        taken.fetch_add(usize::from(is_taken), Ordering::SeqCst);
                    }
                });
            }
            while taken.load(Ordering::SeqCst) < 10 {
                thread::yield_now();
            }
            let text = text(&journal);
            is_over.store(true, Ordering::SeqCst);
            text
        });
        assert!(text == vec![b'x'; taken.into_inner()]);
    }
}
