//! Models of the concurrent cores, in which loom tries every order of their threads: Rust threads wake an event loop, and
//! a task is polled, cancelled, ended and delivered.
//!
//! The queue, the readers and the state of a task are the library's own files; the file descriptors, the loop and the
//! futures are played.

#[path = "../../src/bridge/event_loop/queue.rs"]
pub(crate) mod queue;
#[path = "../../src/bridge/event_loop/readers.rs"]
pub(crate) mod readers;
#[path = "../../src/bridge/task/state.rs"]
pub(crate) mod state;
#[cfg(test)]
mod task;
pub(crate) mod wakeup;

#[cfg(test)]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use crate::queue::{Pushed, Queue};
    use crate::readers::Readers;
    use crate::wakeup::Wakeup;

    /// What the two sides share, as in `Hub`.
    struct Hub {
        queue: Queue<usize>,
        readers: Readers,
    }

    impl Hub {
        /// With a spare reader, as after the first drain.
        fn new() -> Arc<Self> {
            let readers = Readers::new().unwrap();
            readers.add(Wakeup::new().unwrap());
            Arc::new(Self {
                queue: Queue::new(),
                readers,
            })
        }

        /// `Hub::push`.
        fn push(&self, item: usize) {
            match self.queue.push(item) {
                Ok(Pushed::Wake) => self.readers.notify(),
                Ok(Pushed::Armed) => {}
                Err(item) => panic!("{item} came to a closed queue"),
            }
        }

        /// One turn of the loop: calls the drain of a reader that is readable, as long as there is one.
        fn turn(&self, within: &mut Vec<usize>, seen: &mut Vec<usize>, nests: bool) {
            let is_ready = |reader| !within.contains(&reader) && self.readers.is_readable(reader);
            let Some(reader) = [0, 1].into_iter().find(|&reader| is_ready(reader)) else {
                return;
            };
            within.push(reader);
            self.drain(reader, within, seen, nests);
            within.pop();
        }

        /// `Hub::drain`; where it `nests`, the first item runs the loop.
        fn drain(
            &self,
            reader: usize,
            within: &mut Vec<usize>,
            seen: &mut Vec<usize>,
            nests: bool,
        ) {
            self.readers.begin(reader);
            let (mut is_announced, mut nests) = (false, nests);
            self.queue.begin_turn(usize::MAX);
            while let Some((item, rest)) = self.queue.pop() {
                if rest == Pushed::Wake {
                    is_announced = true;
                    self.readers.notify_spare();
                }
                seen.push(item);
                if std::mem::take(&mut nests) {
                    self.turn(within, seen, false);
                }
            }
            self.readers.end(reader, is_announced);
            if self.queue.end_turn(is_announced) == Pushed::Wake {
                self.readers.notify();
            }
        }
    }

    /// Every item is delivered, in order for each thread, by a loop that sleeps whenever nothing is readable.
    fn everything_is_delivered(nests: bool, threads: &[&'static [usize]]) {
        let threads = threads.to_vec();
        loom::model(move || {
            let hub = Hub::new();
            let pushers: Vec<_> = threads
                .iter()
                .map(|items| {
                    let (hub, items) = (Arc::clone(&hub), *items);
                    thread::spawn(move || items.iter().for_each(|item| hub.push(*item)))
                })
                .collect();
            let mut seen = Vec::new();
            // While they push, and until nothing is readable any more.
            hub.turn(&mut Vec::new(), &mut seen, nests);
            pushers
                .into_iter()
                .for_each(|pusher| pusher.join().unwrap());
            while hub.readers.is_readable(0) || hub.readers.is_readable(1) {
                hub.turn(&mut Vec::new(), &mut seen, false);
            }
            for items in &threads {
                let of_thread = seen.iter().filter(|item| items.contains(item));
                assert!(of_thread.eq(items.iter()), "{seen:?}");
            }
        });
    }

    #[test]
    fn no_wake_up_is_lost_of_one_thread() {
        everything_is_delivered(false, &[&[1, 2, 3]]);
    }

    #[test]
    fn no_wake_up_is_lost_of_two_threads() {
        everything_is_delivered(false, &[&[1, 2], &[3, 4]]);
    }

    #[test]
    fn no_wake_up_is_lost_by_a_loop_that_runs_within_itself() {
        everything_is_delivered(true, &[&[1, 2, 3]]);
    }

    #[test]
    fn no_wake_up_of_two_threads_is_lost_by_a_loop_that_runs_within_itself() {
        everything_is_delivered(true, &[&[1, 2], &[3]]);
    }

    /// What waits in the queue when a drain's first item runs the loop is delivered there.
    #[test]
    fn the_rest_of_a_batch_is_delivered_within() {
        loom::model(|| {
            let hub = Hub::new();
            let other = Arc::clone(&hub);
            let pusher = thread::spawn(move || other.push(3));
            hub.push(1);
            hub.push(2);
            let mut seen = Vec::new();
            hub.readers.begin(0);
            hub.queue.begin_turn(usize::MAX);
            let (_, rest) = hub.queue.pop().unwrap();
            if rest == Pushed::Wake {
                hub.readers.notify_spare();
            }
            pusher.join().unwrap();
            while hub.readers.is_readable(1) {
                hub.turn(&mut vec![0], &mut seen, false);
            }
            assert_eq!(seen.len(), 2, "{seen:?}");
        });
    }

    #[test]
    fn a_push_beside_the_end_is_delivered_or_given_back() {
        loom::model(|| {
            let queue = Arc::new(Queue::new());
            let other = Arc::clone(&queue);
            let pusher = thread::spawn(move || other.push(1).is_err());
            let left = queue.close().len();
            let given_back = pusher.join().unwrap();
            assert_eq!(left, usize::from(!given_back));
        });
    }
}
