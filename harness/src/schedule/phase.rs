//! How far a run is, and what is in force meanwhile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Driver, interruption, running};
use crate::capture::AbortGuard;
use crate::capture::hook::HookGuard;
use crate::process::{ExitGuard, Interrupt};

/// How far a run is.
pub(super) enum Phase {
    /// Nothing has been started or reported.
    New,
    Running {
        since: Instant,
        _guards: Box<Guards>,
    },
    /// Whatever else comes is of no interest.
    Over,
}

/// What is in force during a run, and then no more.
pub(super) struct Guards {
    _hook: HookGuard,
    _abort: Option<AbortGuard>,
    _exit: ExitGuard,
    _interrupt: Option<Interrupt>,
}

impl Phase {
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
