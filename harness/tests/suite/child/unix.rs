//! Signals, groups and descriptors of child processes.

#![expect(
    unsafe_code,
    reason = "there is no safe way to signals and descriptors"
)]

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus};

/// The arguments that run tests in this process, and in workers.
pub(crate) const ISOLATIONS: [&[&str]; 2] = [&[], &["--isolate"]];

/// Has a child end by Ctrl-C. Who runs this in the background may have had the signal ignored, and so
/// would the child.
pub(crate) fn listen(command: &mut Command) {
    let listen = || {
        // SAFETY: the default action is one that any signal may have.
        unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
        Ok(())
    };
    // SAFETY: `listen` makes one system call, which is allowed between fork and exec.
    unsafe { command.pre_exec(listen) };
}

/// Has a child ignore the ends of its own children, whose status it does not get then.
pub(crate) fn ignore_children(command: &mut Command) {
    let ignore = || {
        // SAFETY: this signal may be ignored.
        unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
        Ok(())
    };
    // SAFETY: `ignore` makes one system call, which is allowed between fork and exec.
    unsafe { command.pre_exec(ignore) };
}

/// Closes a descriptor of a child's before its program starts.
pub(crate) fn close(command: &mut Command, descriptor: i32) {
    let close = move || {
        // SAFETY: the descriptor is the child's own.
        unsafe { libc::close(descriptor) };
        Ok(())
    };
    // SAFETY: `close` makes one system call, which is allowed between fork and exec.
    unsafe { command.pre_exec(close) };
}

/// Makes a child and the processes that it starts a group of their own.
pub(crate) fn lead_a_group(command: &mut Command) {
    command.process_group(0);
}

/// Sends Ctrl-C to a child alone.
pub(crate) fn interrupt(child: &Child) {
    // SAFETY: the child is there until it is waited for.
    unsafe { libc::kill(child.id() as libc::pid_t, libc::SIGINT) };
}

/// Sends Ctrl-C to a child that leads a group, and to the processes that it has started.
pub(crate) fn interrupt_group(child: &Child) {
    // SAFETY: the child is there until it is waited for.
    unsafe { libc::kill(-(child.id() as libc::pid_t), libc::SIGINT) };
}

/// Tells whether the default action of Ctrl-C has ended a process.
pub(crate) fn is_ended_by_ctrl_c(status: ExitStatus) -> bool {
    status.signal() == Some(libc::SIGINT)
}
