//! Runs one trial after the other in a worker process, as the parent calls for them.
//!
//! | state | event, and who | next |
//! | --- | --- | --- |
//! | idle | a call for a trial: the thread that takes the calls (`test-requests`) | queued, and started by it |
//! | running a trial | a call for another: the thread that takes the calls | running, one more in the queue |
//! | running | a call for return: the thread that takes the calls sends back the number of queued trials, and forgets them | running |
//! | running | the trial ends: the thread that has waited for the test's sends the end and the output | idle, or running the next of the queue |
//! | running | a call for a description, as the trial's time is over: the thread that takes the calls | spent |
//! | running | the trial ends, and the flush of standard output takes longer than [`FLUSH_LIMIT`], as some thread keeps the lock: the thread that watches that limit (`test-flush-limit`) sends the end | lock lost |
//! | lock lost: trials that print would wait for ever | the next trial of the queue: as if it were not there | spent |
//! | idle | the next trial of the queue is not there, or has run before: the thread that would start it says so | spent |
//! | spent: no trial starts any more | the parent ends the process | |
//! | any | the test has closed or replaced descriptors that the worker needs: whoever finds that exits with [`fd_loss::EXIT_CODE`] | |
//! | any | the parent closes the socket | the caller of `run` goes on |

use std::collections::{HashMap, VecDeque};
use std::io::{self, BufReader};
use std::mem;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use super::Request;
use super::current_trial::CurrentTrial;
use super::fd_loss;
use super::frame::{self, FrameReader};
use super::output_file::OutputFile;
use super::protocol::{Call, Reply};
use crate::args::TimeLimits;
use crate::capture::{Destination, flush, stdio};
use crate::job::{Ended, FLUSH_LIMIT, Handle, Job, Thread, ThreadPool};
use crate::process::{self, CheckedFile};
use crate::trial::{Describe, Trial};
use crate::unwind;

/// Takes the parent's calls. The next trial is started by the thread that takes the calls, or by the one that has waited
/// for the trial before, whichever finds that none is running.
pub(super) struct Executor {
    settings: ExecutorSettings,
    threads: ThreadPool<Ended>,
    link: CheckedFile<UnixStream>,
    state: Mutex<State>,
}

/// The settings of all trials.
pub(super) struct ExecutorSettings {
    pub(super) measures: bool,
    pub(super) destination: Destination,
    pub(super) limits: Option<TimeLimits>,
    pub(super) thread: Thread,
}

/// The trials of a worker, by title and occurrence.
pub(super) type Trials = HashMap<(String, u32), Trial>;

struct State {
    trials: Trials,
    queue: VecDeque<Request>,
    /// The number of trials that were asked for.
    received: u64,
    output: Option<OutputFile>,
    /// The trial that runs.
    current: Option<CurrentTrial>,
    /// The number of trials that have started.
    started: u64,
    /// A thread keeps the lock of standard output, so that no trial starts any more.
    is_lock_lost: bool,
    /// A thread is about to start the next trial.
    is_starting: bool,
    /// This process has reported that a trial cannot run, or the parent has reported that the time of one is over: the
    /// parent will end this process.
    is_spent: bool,
}

impl Executor {
    /// Says to the parent that the worker is ready. The output until now belongs to no trial.
    pub(super) fn open(
        settings: ExecutorSettings,
        link: UnixStream,
        trials: Trials,
        mut output: Option<OutputFile>,
    ) -> io::Result<Arc<Self>> {
        if let Some(output) = &mut output {
            output.take()?;
        }
        let start = output.as_ref().map_or(0, |output| output.start);
        let this = Self {
            threads: ThreadPool::new(settings.thread),
            settings,
            link: CheckedFile::new(link),
            state: Mutex::new(State {
                trials,
                queue: VecDeque::new(),
                received: 0,
                output,
                current: None,
                started: 0,
                is_lock_lost: false,
                is_starting: false,
                is_spent: false,
            }),
        };
        this.reply(&Reply::Ready { start });
        Ok(Arc::new(this))
    }

    /// Takes calls until the parent closes the socket.
    pub(super) fn work(self: Arc<Self>) -> io::Result<()> {
        let watched = Arc::downgrade(&self);
        // Without this thread a worker hangs if a thread keeps the lock of standard output.
        let _ = thread::Builder::new()
            .name("test-flush-limit".to_owned())
            .spawn(move || watch_flush(&watched));
        let ended = self.take_calls();
        self.exit_if_descriptors_lost();
        ended
    }

    fn take_calls(self: &Arc<Self>) -> io::Result<()> {
        let mut calls = FrameReader::new(BufReader::new(&*self.link));
        loop {
            match Call::decode(&calls.receive()?)? {
                Call::Run(request) => self.lock().receive(request),
                Call::Return => self.return_queued(),
                Call::Describe => self.describe(),
            }
            self.proceed();
        }
    }

    /// Ends the process if the trial that runs has taken its descriptors away.
    fn exit_if_descriptors_lost(&self) {
        let is_intact =
            |output: &Option<OutputFile>| output.as_ref().is_none_or(OutputFile::is_intact);
        if !self.link.is_intact() || !is_intact(&self.lock().output) {
            fd_loss::exit();
        }
    }

    /// Drops the trials that have not run, which may panic.
    pub(super) fn clear(&self) {
        let trials = mem::take(&mut self.lock().trials);
        for trial in trials.into_values() {
            unwind::contain(|| drop(trial));
        }
    }

    /// Returns the trials that have not started to the parent; but not the first if none is running, as the parent takes
    /// that one for started.
    fn return_queued(&self) {
        let mut state = self.lock();
        let kept = usize::from(state.current.is_none()).min(state.queue.len());
        let count = state.queue.drain(kept..).count();
        let received = state.received;
        self.reply(&Reply::Returned { count, received });
    }

    /// Prints what the trial that runs is doing, if it can be described. The parent kills this process then, or sooner.
    fn describe(&self) {
        let mut state = self.lock();
        state.is_spent = true;
        let current = state.current.as_mut();
        let describe = current.and_then(|current| current.describe.take());
        drop(state);
        if let Some(describe) = describe {
            let text = unwind::contain(|| describe()).unwrap_or_default();
            unwind::contain(|| drop(describe));
            process::print_to_saved_stderr(text.as_bytes());
        }
        self.reply(&Reply::Described);
    }

    /// Starts the next trial, unless one is running, or another thread is about to start one.
    ///
    /// A trial may end, on its thread, and call this, before `start` has returned.
    fn proceed(self: &Arc<Self>) {
        let mut state = self.lock();
        if state.is_starting {
            return;
        }
        state.is_starting = true;
        while state.current.is_none() && !state.is_spent {
            let Some(Request { name, occurrence }) = state.queue.pop_front() else {
                break;
            };
            let trial = match state.is_lock_lost {
                true => None,
                false => state.trials.remove(&(name, occurrence)),
            };
            let Some(trial) = trial else {
                state.is_spent = true;
                self.reply(&Reply::Unavailable);
                break;
            };
            let number = state.begin(trial.options.describe.clone());
            drop(state);
            let mut handle = self.start(trial, number);
            state = self.lock();
            if let Some(current) = state.running(number) {
                mem::swap(&mut current.handle, &mut handle);
                continue;
            }
            drop(state);
            // The trial has ended. What cancels it has a waker of the user's runtime.
            drop(handle);
            state = self.lock();
        }
        state.is_starting = false;
    }

    fn start(self: &Arc<Self>, trial: Trial, number: u64) -> Handle {
        let this = self.clone();
        let settings = &self.settings;
        let job = Job {
            description: Arc::new(trial.description),
            destination: settings.destination,
            limits: settings.limits,
            done: Box::new(move |ended| this.ended(number, ended)),
        };
        let block_on = trial.options.block_on;
        job.start(trial.body, settings.measures, block_on, &self.threads)
    }

    /// Notes the end of a trial, and sends it after a flush of everything that the trial has printed.
    fn ended(self: &Arc<Self>, number: u64, ended: Ended) {
        self.exit_if_descriptors_lost();
        {
            let mut state = self.lock();
            let Some(current) = state.running(number) else {
                return;
            };
            current.end(ended);
            // So that the flushes below write to the file. If this fails their output is lost.
            if let Some(output) = &state.output {
                let _ = output.restore();
            }
        }
        // These may wait for locks that some thread keeps.
        flush::flush_stdout();
        stdio::flush_c();
        self.send_end(number);
    }

    /// Sends the end of a trial, with everything that it has printed, unless that has been done.
    fn send_end(self: &Arc<Self>, number: u64) {
        let mut state = self.lock();
        let has_ended =
            |current: &mut CurrentTrial| current.number == number && current.ended.is_some();
        let Some(mut current) = state.current.take_if(has_ended) else {
            return;
        };
        let Some((mut ended, _)) = current.ended.take() else {
            return;
        };
        let mut start = 0;
        if let Some(output) = &mut state.output {
            ended.output = output.take().unwrap_or_default();
            // If that fails the file just stays.
            let _ = output.trim();
            start = output.start;
        }
        // With the state locked, so that a call for return comes before this reply or finds that nothing runs. The
        // parent takes the next trial for started when it reads this.
        self.reply(&Reply::Ended { ended, start });
        drop(state);
        // These are the user's, and may panic.
        unwind::contain(|| drop(current.describe));
        unwind::contain(|| drop(current.handle));
        self.proceed();
    }

    /// Sends the end of a trial that has returned, if standard output could not be flushed in time. The parent gives the
    /// next trials to another process.
    fn check_flush(self: &Arc<Self>) {
        let mut state = self.lock();
        let Some(current) = state.current.as_mut().filter(|current| current.is_late()) else {
            return;
        };
        if !current.take_returned() {
            return;
        }
        let number = current.number;
        state.is_lock_lost = true;
        drop(state);
        flush::suspect_lock();
        self.send_end(number);
    }

    /// Sends a reply; an error means that the parent has gone.
    fn reply(&self, reply: &Reply) {
        let _ = frame::send(&mut &*self.link, |frame| reply.encode(frame));
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn receive(&mut self, request: Request) {
        self.received += 1;
        self.queue.push_back(request);
    }

    /// Notes that a trial starts, and returns its number.
    fn begin(&mut self, describe: Option<Describe>) -> u64 {
        let number = self.started;
        self.started += 1;
        self.current = Some(CurrentTrial::new(number, describe));
        number
    }

    /// Returns the trial that runs, if it has this number.
    fn running(&mut self, number: u64) -> Option<&mut CurrentTrial> {
        let current = self.current.as_mut();
        current.filter(|current| current.number == number)
    }
}

/// Looks after each [`FLUSH_LIMIT`] whether a flush takes longer than that, as long as the worker takes calls.
fn watch_flush(executor: &Weak<Executor>) {
    loop {
        thread::sleep(FLUSH_LIMIT);
        let Some(executor) = executor.upgrade() else {
            return;
        };
        executor.check_flush();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::event::Outcome;

    fn ask(link: &mut &UnixStream, name: &str) {
        let request = Request {
            name: name.to_owned(),
            occurrence: 0,
        };
        frame::send(link, |frame| Call::encode_run(&request, frame)).unwrap();
    }

    fn hear(link: &mut &UnixStream) -> Reply {
        Reply::decode(&frame::receive(link).unwrap()).unwrap()
    }

    #[test]
    fn what_is_returned_had_been_asked_for_before() {
        let (release, blocked) = mpsc::channel();
        let trials = [
            Trial::test("blocks", move || blocked.recv().map_err(Into::into)),
            Trial::test("is_returned", || Err("it ran".into())),
            Trial::test("comes_later", || Ok(())),
        ];
        let settings = ExecutorSettings {
            measures: false,
            destination: Destination::PassThrough,
            limits: None,
            thread: Thread::Own,
        };
        let (ours, theirs) = UnixStream::pair().unwrap();
        let trials = trials.map(|trial| ((trial.name().to_owned(), 0), trial));
        let executor = Executor::open(settings, theirs, trials.into(), None).unwrap();
        thread::spawn(|| executor.work());
        let mut link = &ours;
        assert_eq!(hear(&mut link), Reply::Ready { start: 0 });
        ask(&mut link, "blocks");
        ask(&mut link, "is_returned");
        frame::send(&mut link, Call::encode_return).unwrap();
        ask(&mut link, "comes_later");
        let (count, received) = (1, 2);
        assert_eq!(hear(&mut link), Reply::Returned { count, received });
        release.send(()).unwrap();
        for _ in ["blocks", "comes_later"] {
            let Reply::Ended { ended, .. } = hear(&mut link) else {
                panic!("a test should have ended");
            };
            assert_eq!(ended.outcome, Outcome::Passed);
        }
    }
}
