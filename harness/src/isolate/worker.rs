//! A slot of the pool: its thread in the parent (`test-worker-N`), which starts a process, talks to it, and replaces it
//! when it has gone. All states change on that thread.
//!
//! | state | event, and who | next |
//! | --- | --- | --- |
//! | empty: no process | it takes a trial from the queue: it starts a process | starting |
//! | starting | the process says that it is ready | busy: it is asked for the trial |
//! | starting | the process ends before that, or cannot be started: the trial has failed | empty |
//! | starting | the set-up of the process fails | empty, and the run ends |
//! | busy: the process has one trial or more | the process sends the end of the first | busy, or idle after the last |
//! | busy | its trials are short: more are sent ahead | busy |
//! | busy | another slot has nothing to do: that slot's thread calls trials back, the process returns those that have not started | busy |
//! | busy | such a call has overtaken trials that were sent meanwhile: its own thread, at the answer, calls them back again if a slot still waits | busy |
//! | busy | the process has no such trial, or not any more | the process is retired, and the trial is given to the next one |
//! | busy | the process ends, the first trial's time is over, or it does not keep to the protocol: that trial has failed | empty; the other trials go back to the queue |
//! | idle: the process has no trial | it takes a trial from the queue | busy |
//! | any | the run ends: [`Pool::end`](super::pool::Pool::end), on the thread that ends it | retired: the process closes what its tests share and tears down, within the limit |

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::fd_loss;
use super::process::{NotReady, Process};
use super::protocol::Reply;
use super::queue::Submissions;
use super::replies::is_timeout;
use super::run_end::RunEnd;
use super::{Progress, Submission};
use crate::event::Outcome;
use crate::job::Ended;
use crate::shared;

/// Other trials are sent ahead where trials take less time than this.
const SHORT: Duration = Duration::from_millis(1);

/// The number of trials that keeps a process busy for a [`PAUSE`].
const PAUSE_TRIALS: usize = 8;
const PAUSE: Duration = Duration::from_micros(200);

/// The settings that the workers of a run share.
#[derive(Clone, Copy)]
pub(super) struct WorkerSettings {
    /// The number of the run.
    pub(super) run: u32,
    /// The number of trials that a process may have at most.
    pub(super) max_trials: usize,
    pub(super) passes_output: bool,
}

/// A slot, and the worker process that it has at present.
pub(super) struct Worker {
    number: usize,
    setup: WorkerSettings,
    queue: Arc<Submissions>,
    run_end: RunEnd,
    process: Option<Process>,
    /// The trials that the process was sent. It runs the first of them.
    sent: VecDeque<Submission>,
    /// The time at which it started that one.
    since: Instant,
    /// The number of trials that the process may have at present: it doubles as long as they are short.
    depth: usize,
}

impl Worker {
    pub(super) fn new(
        number: usize,
        setup: WorkerSettings,
        queue: Arc<Submissions>,
        run_end: RunEnd,
    ) -> Self {
        Self {
            number,
            setup,
            queue,
            run_end,
            process: None,
            sent: VecDeque::new(),
            since: Instant::now(),
            depth: 1,
        }
    }

    /// Takes trials from the queue until that is closed.
    pub(super) fn work(mut self) {
        loop {
            if !self.sent.is_empty() {
                self.send_ahead();
                self.receive();
            } else if let Some(job) = self.queue.wait() {
                self.submit(job);
            } else {
                break;
            }
        }
        if let Some(process) = self.process.take() {
            self.retire(process);
        }
    }

    /// Sends a trial to the process, which has none; it is started if it is not there.
    fn submit(&mut self, job: Submission) {
        let mut process = match self.process.take().map_or_else(|| self.start(), Ok) {
            Ok(process) => process,
            Err(NoProcess::Ended(ended)) => {
                (job.notify)(Progress::Started);
                return (job.notify)(Progress::Ended(ended));
            }
            Err(NoProcess::SetupFailed(output)) => {
                return (job.notify)(Progress::SetupFailed(output));
            }
        };
        (job.notify)(Progress::Started);
        // If the run is over by now this shuts the socket down, and the process sends nothing more.
        self.run_end.set(process.link().clone());
        process.request([&job.request]);
        self.process = Some(process);
        self.sent.push_back(job);
        self.since = Instant::now();
    }

    /// Sends more trials to the process when it is about to run out of them.
    fn send_ahead(&mut self) {
        let room = self.depth.saturating_sub(self.sent.len());
        let Some(process) = &mut self.process else {
            return;
        };
        if room < self.depth.div_ceil(2) {
            return;
        }
        let jobs = self.queue.take_ahead(self.number, room, process.link());
        process.request(jobs.iter().map(|job| &job.request));
        self.sent.extend(jobs);
    }

    /// Waits for the next reply of the process, and acts on it.
    fn receive(&mut self) {
        let Some(mut process) = self.process.take() else {
            return;
        };
        // A wake-up for every short trial would cost more than the trial.
        if self.sent.len() >= PAUSE_TRIALS && !process.has_buffered_reply() {
            thread::sleep(PAUSE);
        }
        let timeout = self.sent.front().and_then(|job| job.timeout);
        let deadline = timeout.and_then(|timeout| self.since.checked_add(timeout));
        match process.receive(deadline) {
            Ok(Reply::Ended { ended, .. }) => {
                self.process = Some(process);
                self.ended(ended);
            }
            Ok(Reply::Returned { count, received }) => {
                let later = process.requested_since(received);
                self.requeue(count, later);
                if later > 0 {
                    self.queue.restore_backlog(self.number, process.link());
                }
                self.process = Some(process);
            }
            Ok(Reply::Unavailable) => self.replace(process),
            Ok(Reply::Ready { .. } | Reply::SetupFailed | Reply::Described) => {
                self.process_failed(process, &ErrorKind::InvalidData.into())
            }
            Err(error) => self.process_failed(process, &error),
        }
    }

    /// Reports the end of a trial, and the start of the next one.
    fn ended(&mut self, ended: Ended) {
        let Some(job) = self.sent.pop_front() else {
            return;
        };
        self.since = Instant::now();
        self.depth = match ended.elapsed {
            Some(elapsed) if elapsed < SHORT => self.setup.max_trials.min(self.depth * 2),
            _ => 1,
        };
        if self.sent.is_empty() {
            self.run_end.clear();
            self.queue.clear_backlog(self.number);
        }
        (job.notify)(Progress::Ended(ended));
        if let Some(next) = self.sent.front() {
            (next.notify)(Progress::Started);
        }
    }

    /// Puts trials back into the queue that the process has returned. It was sent `later` more after them.
    fn requeue(&mut self, count: usize, later: usize) {
        let end = self.sent.len().saturating_sub(later);
        let start = end.saturating_sub(count);
        self.queue.requeue(self.sent.drain(start..end));
    }

    /// Replaces a process that does not have a trial: one that has run it before cannot do so again.
    fn replace(&mut self, process: Process) {
        let Some(job) = self.sent.pop_front() else {
            return self.retire(process);
        };
        self.requeue_rest();
        let has_run = process.has_run();
        self.retire(process);
        if has_run {
            return self.submit(job);
        }
        let reason = format!(
            "the worker process has no test of the name {:?}",
            job.request.name
        );
        let ended = Ended::without_output(Outcome::FailedBecause(reason));
        (job.notify)(Progress::Ended(ended));
    }

    /// Ends a process, which may have something to close, and to tear down; it fails the run if it does not end well.
    fn retire(&self, process: Process) {
        self.run_end.clear();
        if let Err(output) = process.end_run(&self.run_end) {
            shared::worker_failed(&output);
        }
    }

    /// Reports that a process is gone, that its trial has taken longer than it may, or that it does not keep to the
    /// protocol. If the run is over, which has shut the socket down, then the process may tear down.
    fn process_failed(&mut self, mut process: Process, error: &io::Error) {
        if self.run_end.limit().is_some() {
            self.sent.clear();
            return self.retire(process);
        }
        self.run_end.clear();
        let job = self.sent.pop_front();
        self.requeue_rest();
        let timeout = job.as_ref().and_then(|job| job.timeout);
        let timeout = timeout.filter(|_| is_timeout(error));
        let is_described = job.as_ref().is_some_and(|job| job.is_described);
        let mut output = match timeout.filter(|_| is_described) {
            Some(_) => process.describe(),
            None => Vec::new(),
        };
        output.extend(process.take_output().unwrap_or_default());
        let outcome = match timeout {
            Some(timeout) => {
                process.kill();
                Outcome::timed_out(timeout)
            }
            None if error.kind() == ErrorKind::InvalidData => {
                process.kill();
                Outcome::FailedBecause(fd_loss::PROTOCOL_REASON.to_owned())
            }
            None => Outcome::FailedBecause(process.exit_reason(&self.run_end)),
        };
        if let Some(job) = job {
            (job.notify)(Progress::Ended(Ended::cut_short(outcome, output, None)));
        }
    }

    /// Puts the trials that this process was sent ahead back into the queue.
    fn requeue_rest(&mut self) {
        self.depth = 1;
        self.queue.clear_backlog(self.number);
        self.queue.requeue(self.sent.drain(..));
    }

    fn start(&self) -> Result<Process, NoProcess> {
        let WorkerSettings {
            run, passes_output, ..
        } = self.setup;
        let mut process = Process::start(run, passes_output).map_err(|error| {
            let reason = format!("the worker process could not be started: {error}");
            NoProcess::Ended(Ended::without_output(Outcome::FailedBecause(reason)))
        })?;
        self.run_end.set(process.link().clone());
        let Err(not_ready) = process.await_ready() else {
            return Ok(process);
        };
        // The process may print until it has ended.
        let reason = process.exit_reason(&self.run_end);
        let output = process.take_output().unwrap_or_default();
        Err(match not_ready {
            NotReady::SetupFailed => NoProcess::SetupFailed(output),
            NotReady::Gone => NoProcess::Ended(Ended {
                output,
                outcome: never_ready(&reason),
                elapsed: None,
                fixtures: None,
            }),
        })
    }
}

/// Why there is no process to run a trial.
enum NoProcess {
    /// The trial has failed therefore.
    Ended(Ended),
    /// The run is to end. With what the set-up printed.
    SetupFailed(Vec<u8>),
}

/// Returns the outcome of a trial whose worker ended before it was ready.
fn never_ready(reason: &str) -> Outcome {
    Outcome::FailedBecause(format!(
        "the worker process did not come to this run: {reason}\n      it calls `main` as well, whose set-up has to succeed and which has to start the same runs there"
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::process::{Child, Command};
    use std::sync::mpsc;

    use super::super::Request;
    use super::super::frame;
    use super::super::protocol::Call;
    use super::*;

    /// No call takes longer than this.
    const LIMIT: Duration = Duration::from_secs(10);

    /// A process that does nothing, as the test answers in its place.
    fn child() -> Child {
        Command::new("sleep").arg("60").spawn().unwrap()
    }

    fn submission(name: &str) -> Submission {
        Submission {
            request: Request {
                name: name.to_owned(),
                occurrence: 0,
            },
            timeout: None,
            is_described: false,
            notify: Box::new(|_| {}),
        }
    }

    fn hear(link: &UnixStream) -> Call {
        link.set_read_timeout(Some(LIMIT)).unwrap();
        let payload = frame::receive(&mut &*link).unwrap();
        Call::decode(&payload).unwrap()
    }

    fn answer(link: &UnixStream, reply: &Reply) {
        frame::send(&mut &*link, |frame| reply.encode(frame)).unwrap();
    }

    fn returned(count: usize, received: u64) -> Reply {
        Reply::Returned { count, received }
    }

    fn worker(queue: &Arc<Submissions>, process: Process) -> Worker {
        let setup = WorkerSettings {
            run: 0,
            max_trials: 4,
            passes_output: true,
        };
        let mut worker = Worker::new(0, setup, queue.clone(), RunEnd::default());
        worker.process = Some(process);
        worker
    }

    /// A slot that has nothing to do calls trials back between the moment at which another slot takes them from the queue
    /// and the one at which it sends them.
    #[test]
    fn trials_that_are_sent_after_a_call_for_return_are_called_back() {
        let queue = Arc::new(Submissions::new(2));
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut worker = worker(&queue, Process::new(child(), ours, None));
        worker.submit(submission("is_slow"));
        worker.depth = 4;
        queue.push(submission("comes_later"));
        worker.send_ahead();
        for name in ["is_slow", "comes_later"] {
            let request = submission(name).request;
            assert_eq!(hear(&theirs), Call::Run(request));
        }
        let (sender, received) = mpsc::channel();
        let waiting = queue.clone();
        thread::spawn(move || sender.send(waiting.wait().map(|job| job.request.name)));
        assert_eq!(hear(&theirs), Call::Return);
        // The process had not been asked for the second one when that call came.
        answer(&theirs, &returned(0, 1));
        worker.receive();
        assert_eq!(hear(&theirs), Call::Return);
        answer(&theirs, &returned(1, 2));
        worker.receive();
        let taken = received.recv().unwrap();
        assert_eq!(taken.as_deref(), Some("comes_later"));
        if let Some(process) = worker.process {
            process.kill();
        }
    }
}
