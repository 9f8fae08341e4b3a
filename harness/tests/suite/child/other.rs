//! Stands in for what only Unix has. The tests that call these functions are ignored elsewhere.

use std::process::{Child, Command, ExitStatus};

const REASON: &str = "the tests that need this are ignored here";

/// The arguments that run tests: there are no workers.
pub(crate) const ISOLATIONS: [&[&str]; 1] = [&[]];

pub(crate) fn listen(_: &mut Command) {
    unreachable!("{REASON}");
}

pub(crate) fn ignore_children(_: &mut Command) {
    unreachable!("{REASON}");
}

pub(crate) fn close(_: &mut Command, _: i32) {
    unreachable!("{REASON}");
}

pub(crate) fn lead_a_group(_: &mut Command) {
    unreachable!("{REASON}");
}

pub(crate) fn interrupt(_: &Child) {
    unreachable!("{REASON}");
}

pub(crate) fn interrupt_group(_: &Child) {
    unreachable!("{REASON}");
}

pub(crate) fn is_ended_by_ctrl_c(_: ExitStatus) -> bool {
    unreachable!("{REASON}");
}
