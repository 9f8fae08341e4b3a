//! Random order, libtest's own for the same seed and the same names (`library/test/src/helpers/shuffle.rs`).

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Planned;
use crate::args::Arguments;

/// Returns the seed to shuffle with, if there is to be any shuffling.
pub(super) fn seed(args: &Arguments) -> Option<u64> {
    args.shuffle_seed.or_else(|| args.shuffle.then(clock))
}

/// Shuffles the tests.
pub(super) fn shuffle(seed: u64, tests: &mut [Planned]) {
    let names = tests.iter().map(|planned| Name(planned.trial.name()));
    let mut generator = Generator {
        state: seed,
        extra: hash(&names.collect::<Vec<_>>()),
    };
    for start in 0..tests.len() {
        let rest = tests.len() - start;
        tests.swap(start, start + generator.below(rest));
    }
}

/// A name, which hashes as libtest's `TestName::AlignedTestName(name, NamePadding::PadNone)` does.
struct Name<'a>(&'a str);

impl Hash for Name<'_> {
    /// A derived `Hash` takes the number of the variant, and then its fields.
    fn hash<H: Hasher>(&self, state: &mut H) {
        const ALIGNED_TEST_NAME: isize = 2;
        const PAD_NONE: isize = 0;
        ALIGNED_TEST_NAME.hash(state);
        self.0.hash(state);
        PAD_NONE.hash(state);
    }
}

/// libtest's generator of random numbers.
struct Generator {
    state: u64,
    extra: u64,
}

impl Generator {
    /// Returns a number from 0 up to `limit`, without that.
    fn below(&mut self, limit: usize) -> usize {
        self.state = hash(&(self.state, self.extra));
        (self.state % limit as u64) as usize
    }
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Returns the time since 1970, in nanoseconds.
fn clock() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since.as_nanos() as u64
}
