//! What the user made and no trial needs any more.

use crate::trial::{Body, Options, Trial};
use crate::unwind;

/// Bodies that do not run here, and what else belongs to trials.
///
/// To drop them calls code of the user's, which may panic, or take its time: it is done when no
/// lock is held, and a panic ends nothing.
#[derive(Default)]
pub(super) struct Unused(Vec<(Option<Body>, Options)>);

impl Unused {
    pub(super) fn add(&mut self, body: Option<Body>, options: Options) {
        if body.is_none() && options.is_empty() {
            return;
        }
        self.0.push((body, options));
    }

    /// Adds all that belongs to a trial which has not run.
    pub(super) fn add_trial(&mut self, trial: Trial) {
        self.add(Some(trial.body), trial.options);
    }
}

impl Drop for Unused {
    fn drop(&mut self) {
        for (body, options) in self.0.drain(..) {
            let Options {
                remake,
                block_on,
                describe,
                timeout: _,
            } = options;
            unwind::contain(|| drop(body));
            unwind::contain(|| drop(remake));
            unwind::contain(|| drop(block_on));
            unwind::contain(|| drop(describe));
        }
    }
}
