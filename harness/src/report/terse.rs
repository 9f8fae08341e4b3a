//! A character a test.

use std::fmt::Write;

use crate::event::{Event, Finished, Outcome, Tally};
use crate::trial::Description;

use super::Reporter;
use super::color::{Color, Palette};
use super::summary;

/// A row ends after this many characters, so that its count still fits an 80 to 100 column line.
const WIDTH: usize = 87;

/// Writes libtest's quiet format.
pub(super) struct Terse {
    palette: Palette,
    is_concurrent: bool,
    show_output: bool,
    total: usize,
    done: usize,
    column: usize,
    /// The trial and its reason, if there is one trial only and it was ignored.
    lone_ignored: Option<(String, String)>,
}

impl Terse {
    pub(super) fn new(palette: Palette, is_concurrent: bool, show_output: bool) -> Self {
        Self {
            palette,
            is_concurrent,
            show_output,
            total: 0,
            done: 0,
            column: 0,
            lone_ignored: None,
        }
    }

    fn started(&self, description: &Description, out: &mut String) {
        // Benchmarks that are measured are named in this format too.
        if !self.is_concurrent && description.width.is_some() {
            summary::test_name(description, out);
        }
    }

    fn finished(&mut self, finished: &Finished, out: &mut String) {
        match &finished.outcome {
            Outcome::Passed => self.character(Color::Passed, ".", out),
            Outcome::Ignored { reason } => {
                self.character(Color::Ignored, "i", out);
                if let (1, Some(reason)) = (self.total, reason) {
                    let title = finished.description.title().into_owned();
                    self.lone_ignored = Some((title, reason.clone().into_owned()));
                }
            }
            Outcome::Failed(_) | Outcome::FailedBecause(_) | Outcome::TooSlow => {
                self.failed(&finished.description, out);
            }
            Outcome::Measured(measured) => {
                if self.is_concurrent {
                    summary::test_name(&finished.description, out);
                }
                summary::measurement(*measured, &self.palette, out);
                out.push('\n');
            }
        }
    }

    fn character(&mut self, color: Color, character: &str, out: &mut String) {
        self.palette.paint(color, character, out);
        self.done += 1;
        self.column += 1;
        if self.column == WIDTH {
            self.end_row(out);
        }
    }

    fn failed(&mut self, description: &Description, out: &mut String) {
        if self.column > 0 {
            self.end_row(out);
        }
        let _ = write!(out, "{} --- ", description.title());
        self.palette.paint(Color::Failed, "FAILED", out);
        out.push('\n');
        self.done += 1;
    }

    fn retried(&mut self, finished: &Finished, out: &mut String) {
        if self.column > 0 {
            self.end_row(out);
        }
        let _ = write!(out, "{} --- ", finished.description.title());
        summary::retried(finished, &self.palette, out);
    }

    fn end_row(&mut self, out: &mut String) {
        let _ = writeln!(out, " {}/{}", self.done, self.total);
        self.column = 0;
    }

    fn run_finished(&self, tally: &Tally, out: &mut String) {
        summary::run_finished(tally, self.show_output, &self.palette, out);
        if let Some((title, reason)) = &self.lone_ignored {
            let _ = write!(out, "test: {title}, ignore_message: {reason}\n\n");
        }
    }
}

impl Reporter for Terse {
    fn report(&mut self, event: &Event<'_>, out: &mut String) {
        match event {
            Event::RunStarted {
                total,
                shuffle_seed,
            } => {
                self.total = *total;
                summary::run_started(*total, *shuffle_seed, out);
            }
            Event::Started(description) => self.started(description, out),
            Event::Slow(description) => summary::slow(description, out),
            Event::Finished(finished) => self.finished(finished, out),
            Event::Retried(finished) => self.retried(finished, out),
            Event::RunFinished(tally) => self.run_finished(tally, out),
            Event::ListStarted | Event::Listed(_) | Event::ListFinished(_) => {
                summary::listing(event, false, out);
            }
        }
    }
}
