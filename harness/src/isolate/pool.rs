//! The workers of a run: slots, each with a thread and a process, that take trials from one queue. `worker.rs` has the states
//! of a slot.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Submission;
use super::process::EXIT_LIMIT;
use super::queue::Submissions;
use super::run_end::{Limit, RunEnd};
use super::worker::{Worker, WorkerSettings};
use crate::args::Arguments;

/// The number of trials that a worker has at most, with the one that it runs.
const MAX_TRIALS: usize = 32;

/// Worker processes, each in a slot.
pub(crate) struct Pool {
    queue: Arc<Submissions>,
    slots: Vec<Slot>,
    capacity: usize,
}

/// A slot, seen from the pool.
struct Slot {
    thread: JoinHandle<()>,
    run_end: RunEnd,
}

impl Pool {
    /// Makes room for so many workers. Each starts when there is something to do for it.
    ///
    /// # Errors
    ///
    /// If no slot can have a thread, and if the run has no number: workers could not come to it.
    pub(crate) fn start(
        args: &Arguments,
        size: usize,
        run: Option<u32>,
        has_retries: bool,
    ) -> io::Result<Self> {
        let run = run.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::Unsupported,
                "--isolate is of no use to a run within a test",
            )
        })?;
        let queue = Arc::new(Submissions::new(size));
        // Where the end of one trial decides what comes next, none may be sent ahead, and where
        // trials print into the report none may be ahead of it.
        let is_decided_late = args.fail_fast || args.max_failures.is_some() || has_retries;
        let max_trials = if is_decided_late || args.nocapture {
            1
        } else {
            MAX_TRIALS
        };
        let setup = WorkerSettings {
            run,
            max_trials,
            passes_output: args.nocapture,
        };
        let workers = (0..size).map(|number| {
            let run_end = RunEnd::default();
            let worker = Worker::new(number, setup, queue.clone(), run_end.clone());
            (worker, run_end)
        });
        let start = |number: usize, worker: Worker| {
            thread::Builder::new()
                .name(format!("test-worker-{number}"))
                .spawn(|| worker.work())
        };
        let slots = start_slots(workers, start)?;
        Ok(Self {
            capacity: slots.len() * max_trials,
            slots,
            queue,
        })
    }

    /// Returns how many trials it is of use to submit at once.
    pub(crate) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Submits a trial to the next worker that is free.
    pub(crate) fn submit(&self, job: Submission) {
        self.queue.push(job);
    }

    /// Ends all workers, and waits until they have closed what their tests shared, and torn down. Those that have not
    /// ended after `patience`, by default [`EXIT_LIMIT`], are killed.
    pub(crate) fn end(self, patience: Option<Duration>) {
        self.queue.close();
        let limit = Limit::new(patience.unwrap_or(EXIT_LIMIT));
        for slot in &self.slots {
            slot.run_end.close(limit);
        }
        for slot in self.slots {
            let _ = slot.thread.join();
        }
    }
}

/// Starts the threads of slots. If there are not enough threads to be had, the slots before do the work.
fn start_slots<W>(
    workers: impl Iterator<Item = (W, RunEnd)>,
    start: impl Fn(usize, W) -> io::Result<JoinHandle<()>>,
) -> io::Result<Vec<Slot>> {
    let mut slots = Vec::new();
    for (number, (worker, run_end)) in workers.enumerate() {
        match start(number, worker) {
            Ok(thread) => slots.push(Slot { thread, run_end }),
            Err(error) if slots.is_empty() => return Err(error),
            Err(_) => break,
        }
    }
    Ok(slots)
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn slots_without_a_thread_are_left_out_unless_there_are_no_others() {
        let start = |available: usize| {
            let workers = (0..4).map(|number| (number, RunEnd::default()));
            start_slots(workers, move |number, worker| {
                assert_eq!(number, worker);
                match number < available {
                    true => Ok(thread::spawn(|| {})),
                    false => Err(ErrorKind::WouldBlock.into()),
                }
            })
        };
        assert_eq!(start(4).unwrap().len(), 4);
        assert_eq!(start(3).unwrap().len(), 3);
        let error = start(0).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
    }
}
