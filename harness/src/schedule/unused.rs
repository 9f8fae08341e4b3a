//! What the user made and no trial needs any more.

use crate::trial::{Body, Remake, Spawner, Trial};
use crate::unwind;

/// Bodies that do not run here, and what else belongs to trials.
///
/// To drop them calls code of the user's, which may panic, or take its time: it is done when no
/// lock is held, and a panic ends nothing.
#[derive(Default)]
pub(super) struct Unused(Vec<Part>);

type Part = (Option<Body>, Option<Spawner>, Option<Remake>);

impl Unused {
    pub(super) fn add(
        &mut self,
        body: Option<Body>,
        spawn: Option<Spawner>,
        remake: Option<Remake>,
    ) {
        self.0.push((body, spawn, remake));
    }

    /// Adds all that belongs to a trial which has not run.
    pub(super) fn add_trial(&mut self, trial: Trial) {
        self.add(Some(trial.body), trial.spawn, trial.remake);
    }
}

impl Drop for Unused {
    fn drop(&mut self) {
        for (body, spawn, remake) in self.0.drain(..) {
            unwind::contain(|| drop(body));
            unwind::contain(|| drop(spawn));
            unwind::contain(|| drop(remake));
        }
    }
}
