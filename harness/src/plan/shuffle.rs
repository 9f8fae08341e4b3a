//! Random order, the same as libtest's for the same seed and the same names.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::args::Arguments;
use crate::plan::Planned;

/// Returns the seed to shuffle with, if there is to be any shuffling.
pub(crate) fn seed(args: &Arguments) -> Option<u64> {
    args.shuffle_seed.or_else(|| args.shuffle.then(clock))
}

/// Shuffles the tests.
pub(crate) fn shuffle(seed: u64, tests: &mut [Planned]) {
    let names: Vec<Name<'_>> = tests
        .iter()
        .map(|planned| Name::Aligned(planned.trial.name(), Padding::None))
        .collect();
    let mut numbers = Numbers {
        state: seed,
        extra: hash(&names),
    };
    for start in 0..tests.len() {
        let rest = tests.len() - start;
        tests.swap(start, start + numbers.below(rest));
    }
}

/// Hashes like libtest's type for names, whose last variant is in use by the time of shuffling.
#[derive(Hash)]
enum Name<'a> {
    #[expect(
        dead_code,
        reason = "its place in the order of variants is part of the hash"
    )]
    Static(&'a str),
    #[expect(
        dead_code,
        reason = "its place in the order of variants is part of the hash"
    )]
    Dynamic(&'a str),
    Aligned(&'a str, Padding),
}

/// Hashes like libtest's type for the padding of names.
#[derive(Hash)]
enum Padding {
    None,
    #[expect(dead_code, reason = "a lone variant would not be hashed at all")]
    Right,
}

struct Numbers {
    state: u64,
    extra: u64,
}

impl Numbers {
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

fn clock() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    since.as_nanos() as u64
}
