//! The trials that run, and their order.

pub(crate) mod last_failed;
mod selection;
mod shuffle;
mod unknown_tag;

use std::borrow::Cow;
use std::mem;

pub(crate) use self::unknown_tag::UnknownTag;
use crate::args::Arguments;
use crate::event::Attempt;
use crate::trial::{Description, Trial};
use crate::unwind;

/// The trials that the arguments select, in order.
pub(crate) struct Plan {
    /// Runs with up to `--test-threads` at once.
    pub(crate) tests: Vec<Planned>,
    /// Runs afterwards, one at a time; empty without `--bench`.
    pub(crate) benchmarks: Vec<Planned>,
    pub(crate) filtered_out: usize,
    pub(crate) shuffle_seed: Option<u64>,
}

/// A selected trial.
pub(crate) struct Planned {
    pub(crate) trial: Trial,
    /// Reported as ignored instead of run.
    pub(crate) ignored: bool,
    /// How many trials of the same title come before it, in the order in which they were made.
    pub(crate) occurrence: u32,
    pub(crate) attempt: Attempt,
}

impl Plan {
    /// Selects from `trials`; they are sorted by name, and shuffled if the arguments say so.
    pub(crate) fn new(args: &Arguments, mut trials: Vec<Trial>) -> Self {
        let all = trials.len();
        if args.bench {
            align(&mut trials);
        }
        let selected = select(args, trials);
        let filtered_out = all - selected.len();
        let occurrences = occurrences(&selected);
        let planned = selected.into_iter().zip(occurrences);
        let planned = planned.map(|(trial, occurrence)| Planned {
            occurrence,
            attempt: Attempt::first(attempts(args, trial.description())),
            ignored: args.ignores(trial.description()),
            trial,
        });
        let (benchmarks, mut tests) = match args.bench {
            true => planned.partition(|planned| planned.trial.is_bench()),
            false => (Vec::new(), planned.collect()),
        };
        let shuffle_seed = shuffle::seed(args);
        if let Some(seed) = shuffle_seed {
            shuffle::shuffle(seed, &mut tests);
        }
        if args.failed_first {
            last_failed::put_first(&mut tests);
        }
        Self {
            tests,
            benchmarks,
            filtered_out,
            shuffle_seed,
        }
    }

    /// Says whether a trial that fails may run again.
    pub(crate) fn has_retries(&self) -> bool {
        self.tests.iter().any(|planned| planned.attempt.has_next())
    }

    /// Returns how many trials were selected.
    pub(crate) fn len(&self) -> usize {
        self.tests.len() + self.benchmarks.len()
    }
}

/// Returns how many times a trial may run, until it passes.
fn attempts(args: &Arguments, description: &Description) -> u32 {
    match description.expected_failure() {
        Some(_) => 1,
        None => {
            let retries = description.retries().or(args.retries);
            retries.unwrap_or(0).saturating_add(1)
        }
    }
}

/// Gives all benchmarks the width of the longest name, so that their results stand in one column. Those that are
/// filtered out count, as with libtest.
fn align(trials: &mut [Trial]) {
    let lengths = trials
        .iter()
        .filter(|trial| trial.is_bench())
        .map(|trial| trial.description().title().len());
    let width = lengths.max();
    for trial in trials.iter_mut().filter(|trial| trial.is_bench()) {
        trial.description.width = width;
    }
}

/// Counts, for each of these trials, which are sorted by title, those of the same title before it.
pub(crate) fn occurrences(trials: &[Trial]) -> Vec<u32> {
    let mut occurrences = Vec::with_capacity(trials.len());
    let mut former: Option<(&Trial, u32)> = None;
    for trial in trials {
        let count = match former {
            Some((former, count)) if former.description().is_called_like(trial.description()) => {
                count + 1
            }
            _ => 0,
        };
        occurrences.push(count);
        former = Some((trial, count));
    }
    occurrences
}

/// Returns the trials that the arguments select, sorted by name. Where ignored ones are asked for
/// they are ordinary ones from here on.
pub(crate) fn select(args: &Arguments, mut trials: Vec<Trial>) -> Vec<Trial> {
    keep(&mut trials, |trial| args.selects(trial.description()));
    last_failed::restrict(args, &mut trials);
    if args.ignored || args.include_ignored {
        trials
            .iter_mut()
            .for_each(|trial| trial.description.ignored = false);
    }
    sort(trials)
}

/// Sorts the trials by title; those of the same title keep their order.
///
/// Sorts their indices, as trials are large to move, and this crate is not optimised in the profile
/// that tests have. What is sorted already, or in runs, as the linker leaves it, takes few comparisons.
fn sort(mut trials: Vec<Trial>) -> Vec<Trial> {
    let titles = trials.iter().map(|trial| trial.description().title());
    let mut order: Vec<(Cow<'_, str>, usize)> = titles.zip(0..).collect();
    if order.is_sorted_by(|(a, _), (b, _)| a <= b) {
        drop(order);
        return trials;
    }
    order.sort_by(|(a, _), (b, _)| a.cmp(b));
    let order = order.into_iter().map(|(_, index)| index).collect();
    permute(&mut trials, order);
    trials
}

/// Puts the trials in this order, which has the former index of each, without a copy of all of them.
fn permute(trials: &mut [Trial], mut order: Vec<usize>) {
    for first in 0..order.len() {
        let mut index = first;
        while order[index] != first {
            let former = mem::replace(&mut order[index], index);
            trials.swap(index, former);
            index = former;
        }
        order[index] = index;
    }
}

/// Keeps the wanted trials, in their order. A panic in the drop of another one is contained.
pub(crate) fn keep(trials: &mut Vec<Trial>, is_wanted: impl Fn(&Trial) -> bool) {
    // Nearly always all are wanted, and nothing has to be moved.
    if trials.iter().all(&is_wanted) {
        return;
    }
    let (wanted, others): (Vec<_>, Vec<_>) = mem::take(trials).into_iter().partition(is_wanted);
    *trials = wanted;
    for trial in others {
        unwind::contain(|| drop(trial));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trials(names: &[&str]) -> Vec<Trial> {
        names
            .iter()
            .map(|name| Trial::test(*name, || Ok(())))
            .collect()
    }

    fn planned(args: &Arguments, trials: Vec<Trial>) -> Vec<String> {
        let plan = Plan::new(args, trials);
        plan.tests
            .iter()
            .map(|planned| planned.trial.name().to_owned())
            .collect()
    }

    fn args(words: &[&str]) -> Arguments {
        Arguments::parse(std::iter::once(&"suite").chain(words)).unwrap()
    }

    #[test]
    fn order_is_by_the_bytes_of_the_name() {
        let names = trials(&["a", "测试", "grün", "Upper", "m1::a"]);
        assert_eq!(
            planned(&args(&[]), names),
            ["Upper", "a", "grün", "m1::a", "测试"]
        );
    }

    #[test]
    fn sorting_keeps_the_order_of_equal_titles() {
        let mut random = 1_u32;
        let names: Vec<String> = (0..200)
            .map(|_| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (random >> 25).to_string()
            })
            .collect();
        let trials = || {
            names
                .iter()
                .zip(0..)
                .map(|(name, line)| Trial::test(name, || Ok(())).with_source("f", line))
        };
        let place = |trial: &Trial| {
            (
                trial.name().to_owned(),
                trial
                    .description()
                    .source
                    .as_ref()
                    .map(|source| source.start),
            )
        };
        let sorted: Vec<_> = sort(trials().collect()).iter().map(place).collect();
        let mut expected: Vec<_> = trials().map(|trial| place(&trial)).collect();
        expected.sort_by(|(a, _), (b, _)| a.cmp(b));
        assert_eq!(sorted, expected);
    }

    #[test]
    fn trials_of_the_same_title_are_told_apart() {
        let kinds = ["a", "a", "b", "a", ""];
        let mut trials: Vec<_> = trials(&["x", "y", "x", "x", "[a] x"])
            .into_iter()
            .zip(kinds)
            .map(|(trial, kind)| trial.with_kind(kind))
            .collect();
        trials.sort_by(|a, b| a.description().title().cmp(&b.description().title()));
        assert_eq!(occurrences(&trials), [0, 1, 2, 0, 0]);
    }

    #[test]
    fn skip_wins_over_filters_and_filters_are_alternatives() {
        let names = || trials(&["ab", "abc", "m1::a", "z"]);
        assert_eq!(
            planned(&args(&["ab", "m1"]), names()),
            ["ab", "abc", "m1::a"]
        );
        assert_eq!(planned(&args(&["ab", "--skip", "abc"]), names()), ["ab"]);
        assert_eq!(
            planned(&args(&["--exact", "ab", "--skip", "a"]), names()),
            ["ab"]
        );
        assert_eq!(planned(&args(&["--skip", ""]), names()), [""; 0]);
    }

    #[test]
    fn a_kind_is_part_of_what_filters_see() {
        let trials = || {
            trials(&["a"])
                .into_iter()
                .map(|t| t.with_kind("tidy"))
                .collect()
        };
        assert_eq!(planned(&args(&["tidy"]), trials()), ["a"]);
        assert_eq!(planned(&args(&["--exact", "[tidy] a"]), trials()), ["a"]);
        assert_eq!(planned(&args(&["--exact", "a"]), trials()), ["a"]);
    }

    #[test]
    fn an_ignored_trial_is_only_run_when_asked_for() {
        let trials = || vec![Trial::test("a", || Ok(())).with_ignored_flag(true)];
        for (words, runs) in [
            (&[][..], false),
            (&["--ignored"], true),
            (&["--include-ignored"], true),
        ] {
            assert_eq!(args(words).would_run(&trials()), runs, "{words:?}");
        }
    }

    #[test]
    fn nothing_runs_for_a_list_an_empty_selection_or_tests_with_bench() {
        let trials = trials(&["a"]);
        for words in [&["--list"][..], &["nothing"], &["--bench"], &["--ignored"]] {
            assert!(!args(words).would_run(&trials), "{words:?}");
        }
        assert!(args(&["--bench", "--test"]).would_run(&trials));
    }
}
