//! The phases of a run.
//!
//! | phase | event, and who | next |
//! | --- | --- | --- |
//! | new | the future of the run is first polled: whoever awaits it | running |
//! | running | all trials have ended, or as many have failed as may: the thread that drives the schedule | over |
//! | running | the report cannot be written: the thread that drives the schedule | over |
//! | running | Ctrl-C: the thread of `test-interrupt`, or the caller of `Interrupter::interrupt` | over |
//! | new, running | the future is dropped: its owner | over |

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Driver, interruption, running};
use crate::capture::AbortGuard;
use crate::capture::hook::HookGuard;
use crate::process::{ExitGuard, Interrupt};

/// A phase of a run.
pub(super) enum RunPhase {
    /// Nothing has been started or reported.
    New,
    Running {
        since: Instant,
        _guards: Box<Guards>,
    },
    /// Messages that come now are ignored.
    Over,
}

/// The handlers that are installed during a run, and restored after it.
pub(super) struct Guards {
    _hook: HookGuard,
    _abort: Option<AbortGuard>,
    _exit: ExitGuard,
    _interrupt: Option<Interrupt>,
}

impl RunPhase {
    /// Begins a run.
    pub(super) fn running(driver: &Arc<Driver>) -> Self {
        Self::Running {
            since: Instant::now(),
            _guards: Box::new(Guards {
                _hook: HookGuard::install(),
                _abort: AbortGuard::new(),
                _exit: ExitGuard::new(running(driver)),
                _interrupt: Interrupt::watch(interruption(driver)),
            }),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }

    /// Returns how long the run has taken.
    pub(super) fn elapsed(&self) -> Option<Duration> {
        match self {
            Self::Running { since, .. } => Some(since.elapsed()),
            Self::New | Self::Over => None,
        }
    }
}
