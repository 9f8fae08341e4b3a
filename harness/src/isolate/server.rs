//! A worker process, seen from inside.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::parent_id;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};

use super::VARIABLE;
use super::protocol::{self, Reply, Request};
use crate::args::Arguments;
use crate::capture::Destination;
use crate::capture::hook::HookGuard;
use crate::capture::stdio;
use crate::inbox::Inbox;
use crate::job::{Ended, Job};
use crate::plan;
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

/// Serves the parent until it closes the socket.
pub(crate) struct Server {
    trials: HashMap<(String, u32), Trial>,
    measures: bool,
    destination: Destination,
    limits: Option<TimeLimits>,
    spawn: Spawner,
    link: UnixStream,
    inbox: Arc<Inbox<Message>>,
    thread: Option<JoinHandle<()>>,
    _hook: HookGuard,
}

enum Message {
    Request(Request),
    Ended(Ended),
    Closed,
}

impl Server {
    /// Takes the socket from standard input, and says that the worker is ready.
    pub(crate) fn start(args: &Arguments, trials: Vec<Trial>, spawn: Spawner) -> io::Result<Self> {
        let mut link = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        stdio::replace_stdin(&File::open("/dev/null")?)?;
        let inbox = Arc::new(Inbox::new());
        let server = Self {
            trials: index(args, trials),
            measures: args.bench,
            // The parent has pointed the descriptors at a file.
            destination: if args.nocapture {
                Destination::Nowhere
            } else {
                Destination::File
            },
            limits: TimeLimits::new(args),
            spawn,
            link: link.try_clone()?,
            inbox: inbox.clone(),
            thread: None,
            _hook: HookGuard::install(),
        };
        protocol::send(&mut link, &Reply::Ready.encode())?;
        thread::Builder::new()
            .name("test-requests".to_owned())
            .spawn(move || read_requests(link, &inbox))?;
        Ok(server)
    }

    fn begin(&mut self, request: Request) -> io::Result<()> {
        let Some(trial) = self.trials.remove(&(request.name, request.occurrence)) else {
            return self.reply(&Reply::Unavailable);
        };
        let inbox = self.inbox.clone();
        let job = Job {
            description: Arc::new(trial.description),
            destination: self.destination,
            limits: self.limits,
            done: Box::new(move |ended| inbox.put(Message::Ended(ended))),
        };
        let spawn = trial.spawn.as_ref().unwrap_or(&self.spawn);
        self.thread = job.start(trial.body, self.measures, spawn, None).thread;
        Ok(())
    }

    fn end(&mut self, ended: Ended) -> io::Result<()> {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = io::stdout().flush();
        stdio::flush_c();
        self.reply(&Reply::Ended {
            outcome: ended.outcome,
            time: ended.elapsed,
        })
    }

    fn reply(&mut self, reply: &Reply) -> io::Result<()> {
        protocol::send(&mut self.link, &reply.encode())
    }
}

impl Future for Server {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let result = match self.inbox.take(cx) {
                Some(Message::Request(request)) => self.begin(request),
                Some(Message::Ended(ended)) => self.end(ended),
                Some(Message::Closed) => return Poll::Ready(Ok(())),
                None => return Poll::Pending,
            };
            // The parent has gone, and nobody is left to tell.
            if result.is_err() {
                return Poll::Ready(Ok(()));
            }
        }
    }
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

fn read_requests(mut link: UnixStream, inbox: &Inbox<Message>) {
    loop {
        let request = protocol::receive(&mut link).and_then(|payload| Request::decode(&payload));
        match request {
            Ok(request) => inbox.put(Message::Request(request)),
            Err(_) => return inbox.put(Message::Closed),
        }
    }
}
