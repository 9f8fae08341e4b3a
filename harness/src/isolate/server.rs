//! A worker process, seen from inside.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use super::executor::{Executor, ExecutorSettings, Trials};
use super::fd_loss;
use super::link;
use super::output_file::OutputFile;
use crate::args::{Arguments, TimeLimits};
use crate::capture::Destination;
use crate::capture::hook::HookGuard;
use crate::oneshot::Oneshot;
use crate::plan;
use crate::process;
use crate::trial::Trial;

/// Serves the parent until it closes the socket. A thread of its own reads the requests and starts
/// the trials, which answer by themselves; this is only what the caller waits for.
pub(crate) struct Server {
    /// Filled when the parent has no more requests.
    closed: Arc<Oneshot<()>>,
    _hook: HookGuard,
}

impl Server {
    /// Takes the socket, and says that the worker is ready.
    pub(crate) fn start(args: &Arguments, trials: Vec<Trial>) -> io::Result<Self> {
        let link = link::take()?;
        process::leave_to_parent();
        // The parent has pointed the descriptors at a file.
        let (destination, output) = match args.nocapture {
            true => (Destination::PassThrough, None),
            false => (Destination::File, Some(own_output()?)),
        };
        let settings = ExecutorSettings {
            measures: args.bench,
            destination,
            limits: TimeLimits::new(args),
            thread: args.thread(),
        };
        let closed = Arc::new(Oneshot::new());
        let server = Self {
            closed: closed.clone(),
            _hook: HookGuard::install(),
        };
        let executor = Executor::open(settings, link, index(args, trials), output)?;
        thread::Builder::new()
            .name("test-requests".to_owned())
            .spawn(move || {
                // This ends with an error, the end of the file.
                let _ = executor.clone().work();
                executor.clear();
                closed.put(());
                fd_loss::exit_after_limit();
            })?;
        Ok(server)
    }
}

impl Future for Server {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.closed.poll(cx).map(Ok)
    }
}

/// Returns the file that standard output and standard error go to.
fn own_output() -> io::Result<OutputFile> {
    let file = io::stdout().as_fd().try_clone_to_owned()?;
    let output = OutputFile::new(File::from(file));
    process::save_stderr(output.writer()?);
    Ok(output)
}

fn index(args: &Arguments, trials: Vec<Trial>) -> Trials {
    let selected = plan::select(args, trials);
    let occurrences = plan::occurrences(&selected);
    let keys = selected
        .iter()
        .map(|trial| trial.description().title().into_owned())
        .zip(occurrences);
    keys.collect::<Vec<_>>().into_iter().zip(selected).collect()
}
