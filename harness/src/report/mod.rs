//! Reporters turn events into text; the sink writes it.

mod color;
mod durations;
mod failure;
mod file_error;
mod github;
mod json;
mod junit;
mod junit_case;
mod junit_file;
mod last_failed;
mod logfile;
mod pretty;
mod repository;
mod sink;
#[cfg(unix)]
mod stdout;
#[cfg(not(unix))]
#[path = "no_stdout.rs"]
mod stdout;
mod summary;
mod terse;
mod unfinished;
mod xml;

use std::io;

use crate::args::{Arguments, ColorSetting, FormatSetting, TimeLimits};
use crate::event::Event;
use crate::process::is_worker;

use self::color::Palette;
use self::durations::Durations;
use self::github::Github;
use self::json::Json;
use self::junit::Junit;
use self::junit_file::JunitFile;
use self::last_failed::Record;
use self::logfile::LogFile;
use self::pretty::Pretty;
use self::sink::Sink;
use self::terse::Terse;

pub(crate) use self::stdout::StdoutReservation;

impl Arguments {
    /// Keeps standard output for the report until the process ends, if the format is `json` or `junit`: what is
    /// printed from now on goes to standard error. On Unix; elsewhere it does nothing.
    ///
    /// [`run`](crate::run()) does this from its start to its end. This function is for what a program prints before and
    /// after that, while it sets up what tests need, and tears it down.
    /// [`main!`](crate::main!) contains it. An error is left to the run.
    pub fn reserve_stdout(&self) {
        if let Ok(Some(reservation)) = self.reserve_stdout_for_run() {
            reservation.keep();
        }
    }

    /// Removes the file of [`junit`](Self::junit) that an earlier process has written.
    ///
    /// [`run`](crate::run()) does this when it starts. A program whose set-up may fail before that calls this first, or the
    /// file would tell of another run. [`main!`](crate::main!) contains it.
    pub fn remove_old_report(&self) {
        // The file of a worker is its parent's.
        let path = self.junit.as_deref().filter(|_| !self.list && !is_worker());
        // The run reports the error of a path that does not resolve.
        if let Some(Ok(file)) = path.map(JunitFile::new) {
            file.remove_old();
        }
    }

    /// Keeps standard output for the report as long as the reservation exists, if the format is one for machines.
    pub(crate) fn reserve_stdout_for_run(&self) -> io::Result<Option<StdoutReservation>> {
        let is_reserved = !self.list && is_for_machines(self);
        is_reserved.then(StdoutReservation::new).transpose()
    }
}

fn is_for_machines(args: &Arguments) -> bool {
    matches!(
        args.effective_format(),
        FormatSetting::Json | FormatSetting::Junit
    )
}

/// Turns events into the text of one format.
trait Reporter: Send {
    /// Appends what `event` adds to the report.
    fn report(&mut self, event: &Event<'_>, out: &mut String);
}

/// A listing is written in pieces of about this many bytes.
const CHUNK: usize = 1 << 15;

/// Writes the report of one run, each event at once.
pub(crate) struct Output {
    reporter: Box<dyn Reporter>,
    sink: Sink,
    log: Option<LogFile>,
    junit: Option<JunitFile>,
    record: Record,
    text: String,
}

impl Output {
    /// Opens the outputs that the arguments name.
    pub(crate) fn open(
        args: &Arguments,
        is_concurrent: bool,
        limits: Option<TimeLimits>,
    ) -> io::Result<Self> {
        let palette = if use_color(args) {
            Palette::from_environment()
        } else {
            Palette::none()
        };
        let reporter: Box<dyn Reporter> = match args.effective_format() {
            FormatSetting::Pretty => Box::new(Pretty::new(
                palette,
                is_concurrent,
                args.show_output,
                limits,
            )),
            FormatSetting::Terse => Box::new(Terse::new(palette, is_concurrent, args.show_output)),
            FormatSetting::Json => Box::new(Json::new(args.show_output)),
            FormatSetting::Junit if args.list => {
                Box::new(Pretty::new(palette, is_concurrent, false, None))
            }
            FormatSetting::Junit => Box::new(Junit::new(args.show_output)),
        };
        let log = args.logfile.as_ref().map(LogFile::create).transpose()?;
        let junit = args
            .junit
            .as_deref()
            .filter(|_| !args.list)
            .map(JunitFile::new)
            .transpose()?;
        Ok(Self {
            reporter: with_additions(args, reporter),
            record: Record::new(),
            junit,
            sink: Sink::stdout(!args.list && is_for_machines(args)),
            log,
            text: String::new(),
        })
    }

    /// Reports `event`.
    pub(crate) fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        let in_log = self.log.as_mut().map_or(Ok(()), |log| log.event(event));
        let in_junit = self
            .junit
            .as_mut()
            .map_or(Ok(()), |junit| junit.event(event));
        self.record.event(event);
        self.reporter.report(event, &mut self.text);
        // An error of a file keeps nothing from the report.
        self.print(event).and(in_log).and(in_junit)
    }

    fn print(&mut self, event: &Event<'_>) -> io::Result<()> {
        // Nobody waits for the single lines of a listing.
        let can_wait = matches!(event, Event::ListStarted | Event::Listed(_));
        if can_wait && self.text.len() < CHUNK {
            return Ok(());
        }
        let written = self.sink.write(self.text.as_bytes());
        self.text.clear();
        written
    }
}

/// The formats for machines have no room for what comes after the report.
fn with_additions(args: &Arguments, mut reporter: Box<dyn Reporter>) -> Box<dyn Reporter> {
    if args.list || is_for_machines(args) {
        return reporter;
    }
    if let Some(most) = args.durations {
        reporter = Box::new(Durations::new(reporter, most));
    }
    if Github::is_wanted() {
        reporter = Box::new(Github::new(reporter));
    }
    reporter
}

fn use_color(args: &Arguments) -> bool {
    match args.color.unwrap_or_default() {
        ColorSetting::Auto => !args.nocapture && io::IsTerminal::is_terminal(&io::stdout()),
        ColorSetting::Always => true,
        ColorSetting::Never => false,
    }
}
