//! Child processes that run a function of Rust.
#![expect(unsafe_code, reason = "forks")]

/// Calls a function in a forked child, which may take ten seconds; says whether it has returned.
pub(crate) fn ends_well(function: impl FnOnce()) -> bool {
    // SAFETY: the child calls the function and ends, without running what the parent has registered for its exit.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: neither call takes pointers. The signal's action is the default one, which ends the process.
        unsafe { libc::alarm(10) };
        function();
        // SAFETY: it takes no pointers.
        unsafe { libc::_exit(0) };
    }
    let mut status = -1;
    // SAFETY: the pointer is to the integer above.
    unsafe { libc::waitpid(child, &raw mut status, 0) == child && status == 0 }
}
