//! Whom to kill when nobody waits for a worker any more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::process::SharedChild;

/// The process that a slot waits for, if it waits for one.
///
/// The end of the run and the start of a process may come at the same time: whichever of the two
/// is the later one here kills the process.
#[derive(Clone, Default)]
pub(super) struct Busy(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    child: Option<SharedChild>,
    is_closed: bool,
}

impl Busy {
    /// Notes that a process has work to do. It is killed if the run is over.
    pub(super) fn set(&self, child: SharedChild) {
        let mut state = self.lock();
        if state.is_closed {
            drop(state);
            kill(&child);
        } else {
            state.child = Some(child);
        }
    }

    /// Notes that there is no such process.
    pub(super) fn clear(&self) {
        self.lock().child = None;
    }

    /// Says whether the run is over.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Kills the process, and every later one.
    pub(super) fn close(&self) {
        let child = {
            let mut state = self.lock();
            state.is_closed = true;
            state.child.take()
        };
        if let Some(child) = child {
            kill(&child);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn kill(child: &SharedChild) {
    let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    use super::*;

    fn child() -> SharedChild {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        Arc::new(Mutex::new(child))
    }

    fn signal(child: &SharedChild) -> Option<i32> {
        child.lock().unwrap().wait().unwrap().signal()
    }

    #[test]
    fn a_process_is_killed_whether_it_comes_before_the_end_or_after_it() {
        let (before, after) = (child(), child());
        let busy = Busy::default();
        busy.set(before.clone());
        busy.close();
        busy.set(after.clone());
        assert_eq!((signal(&before), signal(&after)), (Some(9), Some(9)));
    }

    #[test]
    fn a_process_that_has_nothing_to_do_is_left_alone() {
        let child = child();
        let busy = Busy::default();
        busy.set(child.clone());
        busy.clear();
        busy.close();
        assert!(child.lock().unwrap().try_wait().unwrap().is_none());
        kill(&child);
        assert_eq!(signal(&child), Some(9));
    }
}
