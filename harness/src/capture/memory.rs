//! Memory from the system, not from the allocator: a signal handler may need some while its thread is in the allocator.

#![expect(unsafe_code, reason = "that is what the system's functions are")]

use std::ptr;

/// Returns `size` bytes, aligned to a page.
#[cfg(unix)]
pub(super) fn map(size: usize) -> Option<*mut u8> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    let kind = libc::MAP_PRIVATE | libc::MAP_ANON;
    // SAFETY: this makes new memory, which is nobody's.
    let memory = unsafe { libc::mmap(ptr::null_mut(), size, access, kind, -1, 0) };
    (memory != libc::MAP_FAILED).then_some(memory.cast())
}

/// # Safety
///
/// `memory` came from [`map`] with this `size`, and nobody uses it any more.
#[cfg(unix)]
pub(super) unsafe fn unmap(memory: *mut u8, size: usize) {
    // SAFETY: the caller says so.
    unsafe { libc::munmap(memory.cast(), size) };
}

/// Returns `size` bytes, which are not 0, aligned to a page. There are no signals here.
#[cfg(not(unix))]
pub(super) fn map(size: usize) -> Option<*mut u8> {
    // SAFETY: the size is not 0.
    let memory = unsafe { std::alloc::alloc(layout(size)?) };
    (!ptr::eq(memory, ptr::null())).then_some(memory)
}

/// # Safety
///
/// `memory` came from [`map`] with this `size`, and nobody uses it any more.
#[cfg(not(unix))]
pub(super) unsafe fn unmap(memory: *mut u8, size: usize) {
    if let Some(layout) = layout(size) {
        // SAFETY: the caller says so.
        unsafe { std::alloc::dealloc(memory, layout) };
    }
}

#[cfg(not(unix))]
fn layout(size: usize) -> Option<std::alloc::Layout> {
    std::alloc::Layout::from_size_align(size, 4096).ok()
}
