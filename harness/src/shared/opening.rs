//! The opening of a shared value. It goes on if the test that has asked for the value ends.

use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use super::{LocalFuture, OpeningPhase, Shared, waits};
use crate::block_on::block_on;
use crate::capture;
use crate::trial::Failed;
use crate::unwind::{discard, panic_text};

/// Makes a future run in the context of whoever made this.
pub type Bind =
    Box<dyn FnOnce(LocalFuture<Result<(), String>>) -> LocalFuture<Result<(), String>> + Send>;

/// The error of a [`Shared`], which says where its `open` is polled. Not for use by hand.
#[doc(hidden)]
pub trait SharedError: Clone + Send + Sync + 'static {
    /// Makes an error of a text.
    fn from_text(text: String) -> Self;

    /// Returns the error as it is printed.
    fn describe(&self) -> String;

    /// Returns what makes the closing of a value run as the caller does, who opens that value: the event loop.
    #[doc(hidden)]
    fn bind() -> Bind {
        Box::new(|closing| closing)
    }

    /// Starts `open`.
    fn spawn(opening: Pin<Box<dyn Future<Output = ()> + Send>>);
}

impl SharedError for Failed {
    fn from_text(text: String) -> Self {
        text.into()
    }

    fn describe(&self) -> String {
        self.message().unwrap_or_default().to_owned()
    }

    fn spawn(opening: Pin<Box<dyn Future<Output = ()> + Send>>) {
        let thread = thread::Builder::new().name("test-shared".to_owned());
        // Leaves the asking test's capture scope: the thread must not be taken for one of that test.
        let context = capture::Context::default();
        // If there is no thread the opening is dropped, and fails with an error that says so.
        let _ = context.run(|| thread.spawn(|| block_on(opening)));
    }
}

/// An opening under way. It has failed if it is dropped before its end, by a runtime that is shut down.
pub(super) struct Opening<T: Send + Sync + 'static, E: SharedError> {
    shared: &'static Shared<T, E>,
    is_over: bool,
}

impl<T: Send + Sync + 'static, E: SharedError> Opening<T, E> {
    pub(super) fn new(shared: &'static Shared<T, E>) -> Self {
        Self {
            shared,
            is_over: false,
        }
    }

    /// Calls `open`, and hands its value out.
    pub(super) async fn run(mut self) {
        let shared = self.shared;
        let open = catch(async { shared.open.open().await });
        let opened = waits::within(shared.node(), open).await;
        self.end(
            opened.unwrap_or_else(|text| Err(E::from_text(format!("opening panicked: {text}")))),
        );
    }

    fn end(&mut self, opened: Result<T, E>) {
        self.is_over = true;
        self.shared.end_opening(match opened {
            Ok(value) => OpeningPhase::Open(Box::leak(Box::new(value))),
            Err(error) => OpeningPhase::Failed(Arc::new(error)),
        });
    }
}

impl<T: Send + Sync + 'static, E: SharedError> Drop for Opening<T, E> {
    fn drop(&mut self) {
        if !self.is_over {
            let text = "opening was dropped by its runtime before it was done";
            self.end(Err(E::from_text(text.to_owned())));
        }
    }
}

/// Awaits a future; returns the text of its panic.
pub(super) async fn catch<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = Box::pin(future);
    let poll = |cx: &mut Context<'_>| {
        let poll = AssertUnwindSafe(|| future.as_mut().poll(cx));
        match panic::catch_unwind(poll) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => {
                let text = panic_text(&*payload).unwrap_or("Box<dyn Any>").to_owned();
                discard(payload);
                Poll::Ready(Err(text))
            }
        }
    };
    poll_fn(poll).await
}
