//! The state of a task, between the threads that poll it, cancel it, end it and deliver it.
//!
//! A future is a [`ModelFuture`], which moves between them as in `Task`. Whoever gets it out has to end it, or to deliver it:
//! so it is enough to count those.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use loom::sync::Arc;
use loom::thread;

use crate::state::{EndReason, NextPoll, TaskState};

/// A future that stays pending, or what is in its place.
#[derive(Debug, PartialEq, Eq)]
enum ModelFuture {
    Future,
    Ended(Option<EndReason>),
}

type State = TaskState<ModelFuture, &'static str>;

/// Counts the calls of a waker.
#[derive(Default)]
struct Calls(AtomicUsize);

impl Wake for Calls {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// `Driver::poll` and `Task::advance`, with a future that is pending; true when the task is to be delivered.
fn poll(state: &State, waker: &Waker) -> bool {
    match state.begin_poll() {
        NextPoll::Poll(future, _) => {
            assert_eq!(future, ModelFuture::Future);
            match state.end_poll(future, waker.clone()) {
                Ok(()) => false,
                Err((_, _, reason)) => end(state, reason),
            }
        }
        NextPoll::End(_, reason) => end(state, reason),
        NextPoll::Over => false,
    }
}

/// `Task::end`.
fn end(state: &State, reason: EndReason) -> bool {
    state.finish(ModelFuture::Ended(Some(reason)));
    true
}

/// A task whose driver has been handed to the runtime.
fn started() -> Arc<State> {
    let state = Arc::new(State::new(ModelFuture::Future, "target"));
    assert_eq!(state.end_start(), None);
    state
}

/// `Task::cancel_now`; true when it has got the future to drop, and the driver is to end.
fn cancel_now(state: &State) -> bool {
    let taken = state.take();
    assert_eq!(taken.target, Some("target"));
    if let Some(waker) = taken.waker {
        waker.wake();
    }
    taken.future.is_some()
}

#[test]
fn one_of_the_two_drops_a_future_that_is_cancelled_while_it_is_polled() {
    loom::model(|| {
        let state = started();
        let other = Arc::clone(&state);
        let canceller = thread::spawn(move || cancel_now(&other));
        let by_driver = poll(&state, Waker::noop());
        let by_canceller = canceller.join().unwrap();
        assert!(by_driver != by_canceller, "{by_driver} {by_canceller}");
    });
}

#[test]
fn a_driver_that_is_asked_to_drop_its_future_does_so_in_this_poll_or_is_woken_for_another() {
    loom::model(|| {
        let state = started();
        let calls = std::sync::Arc::new(Calls::default());
        let waker = Waker::from(std::sync::Arc::clone(&calls));
        assert!(!poll(&state, &waker));
        let other = Arc::clone(&state);
        let canceller = thread::spawn(move || {
            if let Some(waker) = other.request_cancel() {
                waker.wake();
            }
        });
        let is_over = poll(&state, &waker);
        canceller.join().unwrap();
        if !is_over {
            assert_eq!(calls.0.load(Ordering::SeqCst), 1, "nobody polls it again");
            assert!(poll(&state, &waker));
        }
        let outcome = ModelFuture::Ended(Some(EndReason::Cancelled));
        assert_eq!(state.take().future, Some(outcome));
    });
}

#[test]
fn a_shutdown_a_cancellation_and_a_poll_end_a_future_once_and_all_in_all() {
    loom::model(|| {
        let state = started();
        let (first, second) = (Arc::clone(&state), Arc::clone(&state));
        // `Task::abort`.
        let shutdown = thread::spawn(move || match first.take_to_end() {
            Some(_) => end(&first, EndReason::ShutDown),
            None => false,
        });
        let canceller = thread::spawn(move || drop(second.request_cancel()));
        let by_driver = poll(&state, Waker::noop());
        let by_shutdown = shutdown.join().unwrap();
        canceller.join().unwrap();
        // Somebody has been asked, so one more poll would end it.
        let by_driver = by_driver || poll(&state, Waker::noop());
        assert!(by_driver != by_shutdown, "{by_driver} {by_shutdown}");
        assert!(matches!(state.take().future, Some(ModelFuture::Ended(Some(_)))));
        assert_eq!(state.take().future, None);
    });
}

#[test]
fn a_driver_that_the_runtime_drops_during_the_start_leaves_the_future_to_one() {
    loom::model(|| {
        let state = Arc::new(State::new(ModelFuture::Future, "target"));
        let (first, second) = (Arc::clone(&state), Arc::clone(&state));
        let runtime = thread::spawn(move || first.lose_driver().0.is_some());
        let closing = thread::spawn(move || cancel_now(&second));
        let by_starter = state.end_start().is_some();
        let owners = [by_starter, runtime.join().unwrap(), closing.join().unwrap()];
        let owners = owners.into_iter().filter(|is_owner| *is_owner).count();
        assert_eq!(owners, 1);
    });
}

#[test]
fn a_driver_that_is_polled_and_dropped_within_the_start_leaves_the_future_to_the_starter() {
    loom::model(|| {
        let state = Arc::new(State::new(ModelFuture::Future, "target"));
        let other = Arc::clone(&state);
        let closing = thread::spawn(move || cancel_now(&other));
        let by_driver = poll(&state, Waker::noop());
        let (lost, waker) = state.lose_driver();
        assert_eq!(lost, None, "the starter is attached to Python");
        drop(waker);
        let by_starter = state.end_start().is_some();
        let owners = [by_driver, by_starter, closing.join().unwrap()];
        let owners = owners.into_iter().filter(|is_owner| *is_owner).count();
        assert_eq!(owners, 1);
    });
}

#[test]
fn an_output_is_delivered_or_discarded_once() {
    loom::model(|| {
        let state = started();
        let (first, second) = (Arc::clone(&state), Arc::clone(&state));
        let delivers = thread::spawn(move || first.take());
        let discards = thread::spawn(move || second.take());
        let pushed = match state.begin_poll() {
            NextPoll::Poll(..) => {
                // Ready, also where somebody has asked for the end meanwhile.
                state.finish(ModelFuture::Ended(None));
                true
            }
            NextPoll::End(..) | NextPoll::Over => false,
        };
        let (one, other) = (delivers.join().unwrap(), discards.join().unwrap());
        assert!(one.target.is_some() != other.target.is_some());
        let taken = usize::from(one.future.is_some()) + usize::from(other.future.is_some());
        let left = usize::from(state.take().future.is_some());
        assert_eq!(taken + left, 1, "pushed: {pushed}");
    });
}
