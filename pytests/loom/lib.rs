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
    use std::cell::RefCell;

    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicUsize, Ordering};
    use loom::thread;

    use crate::mailbox::Mailbox;
    use crate::queue::{Pushed, Queue};
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

    /// A loop without file descriptors: whoever is to wake it adds a handle, and each handle runs a batch of one item. The
    /// first item fails, as by KeyboardInterrupt, or runs the loop within itself.
    fn handles_deliver_everything(first_fails: bool) {
        loom::model(move || {
            let (queue, handles) = (Arc::new(Queue::new()), Arc::new(AtomicUsize::new(0)));
            let pushers: Vec<_> = [1, 2]
                .into_iter()
                .map(|item| {
                    let (queue, handles) = (Arc::clone(&queue), Arc::clone(&handles));
                    thread::spawn(move || {
                        if queue.push(item).unwrap() == Pushed::Wake {
                            handles.fetch_add(1, Ordering::SeqCst);
                        }
                    })
                })
                .collect();
            let seen = RefCell::new(Vec::new());
            run_handles(&queue, &handles, &seen, first_fails);
            pushers
                .into_iter()
                .for_each(|pusher| pusher.join().unwrap());
            run_handles(&queue, &handles, &seen, first_fails);
            let mut seen = seen.into_inner();
            seen.sort();
            assert_eq!(seen, [1, 2]);
        });
    }

    fn run_handles(
        queue: &Queue<usize>,
        handles: &AtomicUsize,
        seen: &RefCell<Vec<usize>>,
        first_fails: bool,
    ) {
        let announce = || {
            handles.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        let deliver = |item| {
            seen.borrow_mut().push(item);
            if seen.borrow().len() > 1 {
                return Ok(());
            }
            if first_fails {
                return Err(());
            }
            run_handles(queue, handles, seen, first_fails);
            Ok(())
        };
        while handles.load(Ordering::SeqCst) > 0 {
            handles.fetch_sub(1, Ordering::SeqCst);
            let delivered = queue.run_batch(1, announce, deliver);
            assert!(delivered.is_ok() || first_fails);
        }
    }

    #[test]
    fn no_handle_is_lost_by_a_loop_that_runs_within_itself() {
        handles_deliver_everything(false);
    }

    #[test]
    fn no_handle_is_lost_by_an_item_that_leaves_the_loop() {
        handles_deliver_everything(true);
    }

    /// `Hub::deliver_soon` beside `Hub::close` on another thread: the item is delivered, discarded by the one, or by the
    /// other.
    #[test]
    fn an_item_for_the_next_iteration_is_delivered_or_discarded_once() {
        loom::model(|| {
            let queue = Arc::new(Queue::new());
            let other = Arc::clone(&queue);
            let closing = thread::spawn(move || other.close().len());
            let refused = match queue.push_soon(1, || Ok::<_, ()>(())) {
                Ok(()) => 0,
                Err(refused) => refused.items.len(),
            };
            let mut delivered = 0;
            let deliver = |_| {
                delivered += 1;
                Ok::<_, ()>(())
            };
            queue.run_batch(1, || Ok(()), deliver).unwrap();
            assert_eq!(closing.join().unwrap() + refused + delivered, 1);
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
