//! A line a test.

use std::fmt::Write;

use crate::args::TimeLimits;
use crate::event::{Event, Finished, Outcome};

use super::Reporter;
use super::color::{Color, Palette};
use super::summary;

/// Writes libtest's default format.
pub(super) struct Pretty {
    palette: Palette,
    is_concurrent: bool,
    show_output: bool,
    limits: Option<TimeLimits>,
}

impl Pretty {
    pub(super) fn new(
        palette: Palette,
        is_concurrent: bool,
        show_output: bool,
        limits: Option<TimeLimits>,
    ) -> Self {
        Self {
            palette,
            is_concurrent,
            show_output,
            limits,
        }
    }

    fn finished(&self, finished: &Finished, out: &mut String) {
        if self.is_concurrent {
            summary::test_name(&finished.description, out);
        }
        match &finished.outcome {
            Outcome::Passed => self.palette.paint(Color::Passed, "ok", out),
            Outcome::Failed(_) | Outcome::FailedBecause(_) => {
                self.palette.paint(Color::Failed, "FAILED", out);
            }
            Outcome::TooSlow => {
                self.palette
                    .paint(Color::Failed, "FAILED (time limit exceeded)", out);
            }
            Outcome::Ignored { reason: None } => self.palette.paint(Color::Ignored, "ignored", out),
            Outcome::Ignored {
                reason: Some(reason),
            } => {
                self.palette
                    .paint(Color::Ignored, &format!("ignored, {reason}"), out);
            }
            Outcome::Measured(measured) => summary::measurement(*measured, &self.palette, out),
        }
        self.time(finished, out);
        out.push('\n');
    }

    fn time(&self, finished: &Finished, out: &mut String) {
        let (Some(limits), Some(time)) = (self.limits, finished.time) else {
            return;
        };
        let text = format!(" <{:.3}s>", time.as_secs_f64());
        if time >= limits.critical {
            self.palette.paint(Color::Failed, &text, out);
        } else if time >= limits.warn {
            self.palette.paint(Color::Ignored, &text, out);
        } else {
            let _ = out.write_str(&text);
        }
    }
}

impl Reporter for Pretty {
    fn report(&mut self, event: &Event<'_>, out: &mut String) {
        match event {
            Event::RunStarted {
                total,
                shuffle_seed,
            } => {
                summary::run_started(*total, *shuffle_seed, out);
            }
            // One test at a time: the name shows at once which one hangs.
            Event::Started(description) if !self.is_concurrent => {
                summary::test_name(description, out);
            }
            Event::Started(_) => {}
            Event::Slow(description) => summary::slow(description, out),
            Event::Finished(finished) => self.finished(finished, out),
            Event::Retried(finished) => {
                if self.is_concurrent {
                    summary::test_name(&finished.description, out);
                }
                summary::retried(finished, &self.palette, out);
            }
            Event::RunFinished(tally) => {
                summary::run_finished(tally, self.show_output, &self.palette, out);
            }
            Event::ListStarted | Event::Listed(_) | Event::ListFinished(_) => {
                summary::listing(event, true, out);
            }
        }
    }
}
