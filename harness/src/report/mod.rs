//! Reporters turn events into text; the sink writes it.

mod color;
mod json;
mod junit;
mod logfile;
mod pretty;
mod sink;
mod summary;
mod terse;

use std::io;

use crate::args::{Arguments, ColorSetting, FormatSetting};
use crate::event::Event;
use crate::time::TimeLimits;

use self::color::Palette;
use self::json::Json;
use self::junit::Junit;
use self::logfile::LogFile;
use self::pretty::Pretty;
use self::sink::Sink;
use self::terse::Terse;

/// Turns events into the text of one format.
trait Reporter: Send {
    /// Appends what `event` adds to the report.
    fn report(&mut self, event: &Event<'_>, out: &mut String);
}

/// Writes the report of one run, each event at once.
pub(crate) struct Output {
    reporter: Box<dyn Reporter>,
    sink: Sink,
    log: Option<LogFile>,
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
        Ok(Self {
            reporter,
            sink: Sink::stdout(),
            log,
            text: String::new(),
        })
    }

    /// Reports `event`.
    pub(crate) fn event(&mut self, event: &Event<'_>) -> io::Result<()> {
        if let Some(log) = &mut self.log {
            log.event(event)?;
        }
        self.text.clear();
        self.reporter.report(event, &mut self.text);
        self.sink.write(self.text.as_bytes())
    }
}

fn use_color(args: &Arguments) -> bool {
    match args.color.unwrap_or_default() {
        ColorSetting::Auto => !args.nocapture && io::IsTerminal::is_terminal(&io::stdout()),
        ColorSetting::Always => true,
        ColorSetting::Never => false,
    }
}
