//! A worker process, seen from inside.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::parent_id;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};

use super::Request;
use super::VARIABLE;
use super::protocol::{self, Reply};
use crate::args::Arguments;
use crate::capture::Destination;
use crate::capture::hook::HookGuard;
use crate::capture::stdio;
use crate::inbox::Inbox;
use crate::job::{Ended, Job};
use crate::plan;
use crate::process;
use crate::time::TimeLimits;
use crate::trial::{Spawner, Trial};

/// Says whether this process is a worker.
///
/// The variable is inherited by whatever a test starts, and that may be a test binary too; but it
/// is not the parent of those.
pub(crate) fn is_worker() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        std::env::var(VARIABLE).is_ok_and(|parent| parent == parent_id().to_string())
    })
}

/// Serves the parent until it closes the socket. A thread of its own reads the requests and starts
/// the trials, which answer by themselves; this is only what the caller waits for.
pub(crate) struct Server {
    closed: Arc<Inbox<Closed>>,
    _hook: HookGuard,
}

/// The parent has no more requests.
struct Closed;

impl Server {
    /// Takes the socket from standard input, and says that the worker is ready.
    pub(crate) fn start(args: &Arguments, trials: Vec<Trial>, spawn: Spawner) -> io::Result<Self> {
        let link = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        stdio::replace_stdin(&File::open("/dev/null")?)?;
        process::leave_to_parent();
        let closed = Arc::new(Inbox::new());
        let desk = Desk {
            trials: index(args, trials),
            measures: args.bench,
            // The parent has pointed the descriptors at a file.
            destination: match args.nocapture {
                true => Destination::Nowhere,
                false => Destination::File,
            },
            limits: TimeLimits::new(args),
            spawn,
            link: Arc::new(link),
            thread: None,
        };
        let server = Self {
            closed: closed.clone(),
            _hook: HookGuard::install(),
        };
        reply(&desk.link, &Reply::Ready);
        thread::Builder::new()
            .name("test-requests".to_owned())
            .spawn(move || {
                // Trials that were not asked for are dropped here, which may panic.
                let _ = panic::catch_unwind(AssertUnwindSafe(|| desk.work()));
                closed.put(Closed);
            })?;
        Ok(server)
    }
}

impl Future for Server {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.closed.take(cx) {
            Some(Closed) => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    }
}

/// Takes requests.
struct Desk {
    trials: HashMap<(String, u32), Trial>,
    measures: bool,
    destination: Destination,
    limits: Option<TimeLimits>,
    spawn: Spawner,
    link: Arc<UnixStream>,
    /// The thread of the trial before, which the next one waits for.
    thread: Option<JoinHandle<()>>,
}

impl Desk {
    fn work(mut self) {
        while let Ok(payload) = protocol::receive(&mut &*self.link) {
            match Request::decode(&payload) {
                Ok(request) => self.start(request),
                Err(_) => return,
            }
        }
    }

    fn start(&mut self, request: Request) {
        let Some(trial) = self.trials.remove(&(request.name, request.occurrence)) else {
            return reply(&self.link, &Reply::Unavailable);
        };
        let link = self.link.clone();
        let job = Job {
            description: Arc::new(trial.description),
            destination: self.destination,
            limits: self.limits,
            done: Box::new(move |ended| answer(&link, ended)),
        };
        let spawn = trial.spawn.as_ref().unwrap_or(&self.spawn);
        let predecessor = self.thread.take();
        self.thread = job
            .start(trial.body, self.measures, spawn, predecessor)
            .thread;
    }
}

/// Answers a request, after everything that the trial has printed.
fn answer(link: &UnixStream, ended: Ended) {
    let _ = io::stdout().flush();
    stdio::flush_c();
    let (outcome, time) = (ended.outcome, ended.elapsed);
    reply(link, &Reply::Ended { outcome, time });
}

/// If the parent has gone then nobody is left to tell.
fn reply(mut link: &UnixStream, reply: &Reply) {
    let _ = protocol::send(&mut link, &reply.encode());
}

fn index(args: &Arguments, trials: Vec<Trial>) -> HashMap<(String, u32), Trial> {
    let selected = plan::select(args, trials);
    let occurrences = plan::occurrences(&selected);
    let keys = selected
        .iter()
        .map(|trial| trial.name().to_owned())
        .zip(occurrences);
    keys.collect::<Vec<_>>().into_iter().zip(selected).collect()
}
