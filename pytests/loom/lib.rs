//! Models of the concurrent cores, in which loom tries every order of their threads: Rust threads wake an event loop, and
//! a task is polled, cancelled, ended and delivered.
//!
//! The mailbox with its queue and its readers, and the state of a task, are the library's own files; the file descriptors,
//! the loop and the futures are played.

#[path = "../../src/bridge/event_loop/dispatcher.rs"]
pub(crate) mod dispatcher;
#[path = "../../src/bridge/event_loop/mailbox.rs"]
pub(crate) mod mailbox;
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

    use crate::mailbox::Mailbox;
    use crate::queue::Queue;
    use crate::wakeup::Wakeup;

    type Items = Mailbox<usize>;

    /// With a free reader, as after the first drain.
    fn mailbox() -> Arc<Items> {
        let mailbox = Mailbox::new().unwrap();
        mailbox.readers.add(Wakeup::new().unwrap());
        Arc::new(mailbox)
    }

    /// One iteration of the loop, which is played: calls the drain of a reader that is readable and not under way, as long as
    /// there is one. Where the loop `nests`, the first item runs it within itself.
    fn run_iteration(items: &Items, within: &mut Vec<usize>, seen: &mut Vec<usize>, mut nests: bool) {
        let is_ready = |reader| !within.contains(&reader) && items.readers.is_readable(reader);
        let Some(reader) = [0, 1].into_iter().find(|&reader| is_ready(reader)) else {
            return;
        };
        within.push(reader);
        let deliver = |item| {
            seen.push(item);
            if std::mem::take(&mut nests) {
                run_iteration(items, within, seen, false);
            }
            Ok::<_, ()>(())
        };
        items.drain(reader, |_| {}, deliver).unwrap();
        within.pop();
    }

    /// Every item is delivered, in order for each thread, by a loop that sleeps whenever nothing is readable.
    fn everything_is_delivered(nests: bool, threads: &[&'static [usize]]) {
        let threads = threads.to_vec();
        loom::model(move || {
            let mailbox = mailbox();
            let pushers: Vec<_> = threads
                .iter()
                .map(|items| {
                    let (mailbox, items) = (Arc::clone(&mailbox), *items);
                    thread::spawn(move || {
                        items.iter().for_each(|item| mailbox.push(*item).unwrap())
                    })
                })
                .collect();
            let mut seen = Vec::new();
            // While they push, and until nothing is readable any more.
            run_iteration(&mailbox, &mut Vec::new(), &mut seen, nests);
            pushers
                .into_iter()
                .for_each(|pusher| pusher.join().unwrap());
            while mailbox.readers.is_readable(0) || mailbox.readers.is_readable(1) {
                run_iteration(&mailbox, &mut Vec::new(), &mut seen, false);
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

    /// When the first item of a drain runs the loop, the items behind it are delivered within that.
    #[test]
    fn the_rest_of_a_batch_is_delivered_within() {
        loom::model(|| {
            let mailbox = mailbox();
            let other = Arc::clone(&mailbox);
            let pusher = thread::spawn(move || other.push(3).unwrap());
            mailbox.push(1).unwrap();
            mailbox.push(2).unwrap();
            let (mut pusher, mut within) = (Some(pusher), Vec::new());
            let deliver = |_first| {
                if let Some(pusher) = pusher.take() {
                    pusher.join().unwrap();
                    while mailbox.readers.is_readable(1) {
                        run_iteration(&mailbox, &mut vec![0], &mut within, false);
                    }
                    assert_eq!(within.len(), 2, "{within:?}");
                }
                Ok::<_, ()>(())
            };
            mailbox.drain(0, |_| {}, deliver).unwrap();
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
