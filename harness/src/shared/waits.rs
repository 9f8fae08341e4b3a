//! Who waits for whom among the values that tests share: values that wait for each other in a circle are an error.
//!
//! A thread-local variable names the value whose `open` is being polled. When that asks for another value, the first waits
//! for the second, until it has it, or asks no more.

use std::cell::RefCell;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// A value, which is open or not.
#[derive(Debug)]
pub(super) struct Node {
    /// The address of its static, and for a value of a test that of the test's values.
    id: (usize, usize),
    type_name: &'static str,
    /// Where the static stands.
    location: &'static Location<'static>,
    /// The module whose tests share it, or whose test has it; `None` if all tests share it.
    pub(super) module: Option<Arc<str>>,
}

impl Node {
    pub(super) fn new<T>(
        id: (usize, usize),
        location: &'static Location<'static>,
        module: Option<Arc<str>>,
    ) -> Arc<Self> {
        let type_name = std::any::type_name::<T>();
        Arc::new(Self {
            id,
            type_name,
            location,
            module,
        })
    }

    /// Describes the value: it does not know the name of its static.
    pub(super) fn describe(&self) -> String {
        let Self {
            type_name,
            location,
            ..
        } = self;
        format!("{type_name} ({}:{})", location.file(), location.line())
    }
}

thread_local! {
    static OPENING: RefCell<Option<Arc<Node>>> = const { RefCell::new(None) };
}

/// The pairs of values of which the first waits for the second.
static WAITS: Mutex<Vec<(Arc<Node>, Arc<Node>)>> = Mutex::new(Vec::new());

/// Returns the value whose `open` this thread polls.
pub(super) fn opening() -> Option<Arc<Node>> {
    OPENING.with_borrow(Option::clone)
}

/// A future that opens a value.
pub(super) struct Within<F> {
    node: Arc<Node>,
    future: Pin<Box<F>>,
}

/// Marks a future as one that opens this value.
pub(super) fn within<F: Future>(node: Arc<Node>, future: F) -> Within<F> {
    Within {
        node,
        future: Box::pin(future),
    }
}

impl<F: Future> Future for Within<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let node = Some(self.node.clone());
        let _restore = Restore(OPENING.replace(node));
        self.future.as_mut().poll(cx)
    }
}

/// Restores the thread-local variable, also after a panic.
struct Restore(Option<Arc<Node>>);

impl Drop for Restore {
    fn drop(&mut self) {
        let former = OPENING.replace(mem::take(&mut self.0));
        drop(former);
    }
}

/// The time during which one value waits for another.
pub(super) struct Wait(Option<(Arc<Node>, Arc<Node>)>);

impl Wait {
    /// Begins to wait for a value, if another one is what waits. The error names the circle.
    pub(super) fn begin(on: &Arc<Node>) -> Result<Self, String> {
        let Some(asking) = opening() else {
            return Ok(Self(None));
        };
        let mut waits = lock();
        let mut circle = vec![asking.clone()];
        if leads_to(&waits, on, &asking, &mut circle) {
            let names: Vec<String> = circle.iter().map(|node| node.describe()).collect();
            let text = "values wait for each other in a circle";
            return Err(format!("{text}: {}", names.join(" -> ")));
        }
        waits.push((asking.clone(), on.clone()));
        Ok(Self(Some((asking, on.clone()))))
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let Some((asking, on)) = self.0.take() else {
            return;
        };
        let mut waits = lock();
        let is_this = |(from, to): &(Arc<Node>, Arc<Node>)| from.id == asking.id && to.id == on.id;
        if let Some(index) = waits.iter().position(is_this) {
            waits.swap_remove(index);
        }
    }
}

/// Says whether `from` is `to` or waits for it, and adds the way to `path`. Without circles it comes to an end.
fn leads_to(
    waits: &[(Arc<Node>, Arc<Node>)],
    from: &Arc<Node>,
    to: &Arc<Node>,
    path: &mut Vec<Arc<Node>>,
) -> bool {
    path.push(from.clone());
    if from.id == to.id {
        return true;
    }
    let mut next = waits.iter().filter(|(waiting, _)| waiting.id == from.id);
    let found = next.any(|(_, on)| leads_to(waits, on, to, path));
    if !found {
        path.pop();
    }
    found
}

fn lock() -> MutexGuard<'static, Vec<(Arc<Node>, Arc<Node>)>> {
    WAITS.lock().unwrap_or_else(PoisonError::into_inner)
}
