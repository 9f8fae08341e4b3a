//! The smallest runtime with several threads: a queue of tasks.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;

use libtest_async::TestFuture;

/// A handle to the threads that poll; they never end.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Queue>);

#[derive(Default)]
struct Queue {
    tasks: Mutex<VecDeque<Arc<Task>>>,
    added: Condvar,
}

struct Task {
    future: Mutex<Option<TestFuture>>,
    queue: Arc<Queue>,
}

impl Pool {
    pub(crate) fn start(threads: usize) -> Self {
        let queue = Arc::new(Queue::default());
        for number in 0..threads {
            let queue = queue.clone();
            let name = format!("pool-{number}");
            thread::Builder::new()
                .name(name)
                .spawn(move || queue.work())
                .expect("a thread");
        }
        Self(queue)
    }

    pub(crate) fn spawn(&self, future: TestFuture) {
        self.0.add(Arc::new(Task {
            future: Mutex::new(Some(future)),
            queue: self.0.clone(),
        }));
    }
}

impl Queue {
    fn add(&self, task: Arc<Task>) {
        self.tasks.lock().unwrap().push_back(task);
        self.added.notify_one();
    }

    fn work(&self) {
        loop {
            let task = {
                let tasks = self.tasks.lock().unwrap();
                let mut tasks = self
                    .added
                    .wait_while(tasks, |tasks| tasks.is_empty())
                    .unwrap();
                tasks.pop_front()
            };
            if let Some(task) = task {
                task.poll();
            }
        }
    }
}

impl Task {
    fn poll(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        let mut slot = self.future.lock().unwrap();
        if let Some(future) = &mut *slot {
            if future
                .as_mut()
                .poll(&mut Context::from_waker(&waker))
                .is_ready()
            {
                *slot = None;
            }
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.queue.clone().add(self);
    }
}

/// Lets other tasks run.
pub(crate) async fn yield_now() {
    let mut has_yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut has_yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
