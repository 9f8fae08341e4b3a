//! The list of `--durations`.

use std::fmt::Write;
use std::time::Duration;

use crate::event::Event;
use crate::shared::FixtureTimes;

use super::Reporter;

/// Adds the slowest tests to the end of another report.
pub(super) struct Durations {
    inner: Box<dyn Reporter>,
    most: usize,
    times: Vec<(Duration, String, Option<FixtureTimes>)>,
}

impl Durations {
    pub(super) fn new(inner: Box<dyn Reporter>, most: usize) -> Self {
        Self {
            inner,
            most,
            times: Vec::new(),
        }
    }

    fn list(&mut self, out: &mut String) {
        self.times
            .sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        self.times.truncate(self.most);
        let noun = if self.times.len() == 1 {
            "test"
        } else {
            "tests"
        };
        let _ = writeln!(out, "slowest {} {noun}:", self.times.len());
        for (time, title, fixtures) in &self.times {
            let _ = write!(out, "    {:.3}s {title}", time.as_secs_f64());
            if let Some(fixtures) = fixtures {
                let [setup, teardown] =
                    [fixtures.setup, fixtures.teardown].map(|part| part.as_secs_f64());
                let _ = write!(out, " (set-up {setup:.3}s, tear-down {teardown:.3}s)");
            }
            out.push('\n');
        }
        out.push('\n');
    }
}

impl Reporter for Durations {
    fn report(&mut self, event: &Event<'_>, out: &mut String) {
        self.inner.report(event, out);
        match event {
            Event::Finished(finished) => {
                let fixtures = finished.fixtures.as_deref().copied();
                let title = || finished.description.title().into_owned();
                self.times
                    .extend(finished.elapsed.map(|time| (time, title(), fixtures)));
            }
            Event::RunFinished(_) => self.list(out),
            _ => {}
        }
    }
}
