//! Pieces of memory that text is appended to, without a lock.
//!
//! | state | event, and who | next |
//! | --- | --- | --- |
//! | growing: `reserved` is at most `capacity` | a writer reserves bytes that fit, copies them, and adds them to `written` | growing |
//! | growing | a writer reserves bytes that do not fit: it stores the end of the text, and takes another chunk | full |
//! | growing | whoever closes the journal reserves more than the capacity | full |
//! | full: no reservation fits any more; the text is complete once `written` has reached its end | the journal is drained | free |
//! | free: kept in [`FREE_CHUNK`], or given back to the system | | |

#![expect(unsafe_code, reason = "threads share memory that no lock guards")]

use std::mem;
use std::ptr;
use std::slice;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use super::memory;

/// The least size of a chunk in bytes, with its header.
pub(super) const MIN_SIZE: usize = 64 << 10;
/// Shown in place of the text of a chunk with an append that never ends.
pub(super) const UNAVAILABLE: &[u8] =
    b"[what was printed here is not available: a write of it never ended]\n";

/// The start of a piece of memory; the text comes after it.
pub(super) struct Chunk {
    before: *mut Chunk,
    /// The number of bytes of text that fit.
    capacity: usize,
    /// The number of bytes that writers have reserved. Once it exceeds the capacity, nothing fits any more.
    reserved: AtomicUsize,
    /// The number of bytes that writers have copied: the length of the text when no append is under way.
    written: AtomicUsize,
    /// The end of the text, stored by the first writer whose bytes did not fit; [`OPEN`] until then.
    end: AtomicUsize,
}

const OPEN: usize = usize::MAX;

/// A free chunk, so that not every test has to ask the system for one.
static FREE_CHUNK: AtomicPtr<Chunk> = AtomicPtr::new(ptr::null_mut());

impl Chunk {
    /// Returns a chunk that comes after `before`, twice as large, and has room for `length` bytes.
    ///
    /// # Safety
    ///
    /// `before` is null or there.
    pub(super) unsafe fn after(before: *mut Self, length: usize) -> Option<*mut Self> {
        // SAFETY: `before` is null or a chunk that is not freed before this returns.
        let known = unsafe { before.as_ref() };
        let doubled = known.map_or(0, |chunk| chunk.capacity.saturating_mul(2));
        Self::allocate(before, doubled.max(length))
    }

    fn allocate(before: *mut Self, length: usize) -> Option<*mut Self> {
        let size = length.checked_add(size_of::<Self>())?.max(MIN_SIZE);
        let free_chunk = match size {
            MIN_SIZE => FREE_CHUNK.swap(ptr::null_mut(), Ordering::AcqRel),
            _ => ptr::null_mut(),
        };
        let memory = match free_chunk.is_null() {
            true => memory::map(size)?.cast::<Self>(),
            false => free_chunk,
        };
        let chunk = Self {
            before,
            capacity: size - size_of::<Self>(),
            reserved: AtomicUsize::new(0),
            written: AtomicUsize::new(0),
            end: AtomicUsize::new(OPEN),
        };
        // SAFETY: the memory is large enough, aligned to a page, and no other thread has a pointer to it.
        unsafe { memory.write(chunk) };
        Some(memory)
    }

    /// # Safety
    ///
    /// The chunk came from `after`, and nobody uses it any more.
    pub(super) unsafe fn free(chunk: *mut Self) {
        // SAFETY: the caller says that it is there.
        let size = unsafe { (*chunk).capacity } + size_of::<Self>();
        let other = match size {
            MIN_SIZE => FREE_CHUNK.swap(chunk, Ordering::AcqRel),
            _ => chunk,
        };
        if !other.is_null() {
            // SAFETY: both came from `map`, with this size, and no thread has a pointer to them any more.
            unsafe { memory::unmap(other.cast(), size) };
        }
    }

    /// Shows the text of these chunks, the oldest first, and frees them.
    ///
    /// # Safety
    ///
    /// The chunks are there or null, and nobody else uses them.
    pub(super) unsafe fn drain(last: *mut Self, mut visit: impl FnMut(&[u8])) {
        // SAFETY: nobody else uses these chunks, so that each can be read, taken out of the list, and freed.
        unsafe {
            let mut next = Self::reverse(last);
            while !next.is_null() {
                visit(Self::text(next));
                let after = (*next).before;
                Self::free(mem::replace(&mut next, after));
            }
        }
    }

    /// Returns the list in reverse.
    ///
    /// # Safety
    ///
    /// The chunks are there, and nobody else uses them.
    unsafe fn reverse(mut next: *mut Self) -> *mut Self {
        let mut reversed = ptr::null_mut();
        while !next.is_null() {
            // SAFETY: the chunk is not null and not freed, and no other thread reads its `before`.
            let before = mem::replace(unsafe { &mut (*next).before }, reversed);
            reversed = mem::replace(&mut next, before);
        }
        reversed
    }

    /// Appends `parts`, which have this length together, if there is room.
    ///
    /// # Safety
    ///
    /// The chunk is there until this returns.
    pub(super) unsafe fn append<'a>(
        chunk: *mut Self,
        parts: impl Iterator<Item = &'a [u8]>,
        length: usize,
    ) -> bool {
        // SAFETY: the caller says that it is there.
        let (
            Self {
                capacity,
                reserved,
                written,
                end: text_end,
                ..
            },
            text,
        ) = unsafe { (&*chunk, chunk.add(1).cast::<u8>()) };
        let start = reserved.fetch_add(length, Ordering::Relaxed);
        if start.saturating_add(length) > *capacity {
            // Only the first append that does not fit starts where the text ends.
            if start <= *capacity {
                text_end.store(start, Ordering::Release);
            }
            return false;
        }
        let mut end = text.wrapping_add(start);
        for part in parts {
            // SAFETY: so many bytes were reserved, and no other thread has a pointer to them.
            unsafe { ptr::copy_nonoverlapping(part.as_ptr(), end, part.len()) };
            end = end.wrapping_add(part.len());
        }
        written.fetch_add(length, Ordering::Release);
        true
    }

    /// Shows the text of this chunk and of those before it, where no append is under way; says whether
    /// that is so everywhere.
    ///
    /// # Safety
    ///
    /// The chunks are there until this returns, and their order does not change.
    pub(super) unsafe fn show(chunk: *mut Self, visit: &mut impl FnMut(&[u8])) -> bool {
        // SAFETY: the chunk is null, or not freed before this returns; its header is only read, or atomic.
        let Some(known) = (unsafe { chunk.as_ref() }) else {
            return true;
        };
        // Each chunk is twice as large as the one before, so this does not go deep.
        // SAFETY: the chunks before one that is there are there as long as it is.
        let is_complete = unsafe { Self::show(known.before, visit) };
        if !known.close() {
            visit(UNAVAILABLE);
            return false;
        }
        // SAFETY: the chunk is not freed before this returns, and `close` has found that no append is under way.
        visit(unsafe { Self::text(chunk) });
        is_complete
    }

    /// Makes the chunk full; says whether all bytes that were reserved have been copied.
    fn close(&self) -> bool {
        let start = self
            .reserved
            .fetch_add(self.capacity + 1, Ordering::Relaxed);
        let end = match start <= self.capacity {
            true => start,
            false => self.end.load(Ordering::Acquire),
        };
        self.written.load(Ordering::Acquire) == end
    }

    /// Returns the text.
    ///
    /// # Safety
    ///
    /// The chunk is there as long as the text is used, and no append is under way.
    unsafe fn text<'a>(chunk: *mut Self) -> &'a [u8] {
        // SAFETY: the chunk is there. What was reserved with success stands at the start, without
        // gaps, and has been written.
        unsafe {
            let length = (*chunk).written.load(Ordering::Acquire);
            slice::from_raw_parts(chunk.add(1).cast::<u8>(), length)
        }
    }

    /// Begins an append that never ends.
    ///
    /// # Safety
    ///
    /// The chunk is there.
    #[cfg(test)]
    pub(super) unsafe fn reserve_for_ever(chunk: *mut Self) {
        // SAFETY: the chunk is there, and the field is atomic.
        unsafe { (*chunk).reserved.fetch_add(1, Ordering::Relaxed) };
    }
}
