//! The properties of a trial.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The properties of a trial that are known without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) is_bench: bool,
    /// The length of the longest name among the benchmarks, in bytes. `None` unless this is a benchmark, in a run
    /// that measures.
    pub(crate) width: Option<usize>,
    pub(crate) ignored: bool,
    pub(crate) ignore_reason: Option<Cow<'static, str>>,
    pub(crate) should_panic: ShouldPanic,
    /// Whether no other trial may run at the same time.
    pub(crate) is_serial: bool,
    pub(crate) source: Option<Source>,
    /// `None` for most trials: a description is moved often, and this crate is not optimised in the profile that tests have.
    extras: Option<Box<Extras>>,
}

/// The properties that few trials have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Extras {
    /// The tags, by which `--tag` selects.
    pub(crate) tags: Vec<Cow<'static, str>>,
    /// Goes before `--retries`.
    pub(crate) retries: Option<u32>,
    /// Goes before the limits of `--ensure-time`.
    pub(crate) max_time: Option<Duration>,
    pub(crate) expected_failure: Option<ExpectedFailure>,
}

/// A failure that is known, and does not fail the run: pytest's xfail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExpectedFailure {
    pub(crate) reason: Cow<'static, str>,
    /// Whether a pass is a failure.
    pub(crate) is_strict: bool,
}

/// Whether a test passes by a panic, as `#[should_panic]` has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ShouldPanic {
    No,
    Yes,
    /// The panic's text has to contain this text.
    With(Cow<'static, str>),
}

/// The location of a test in its source. Lines and columns count from 1; a column is 0 if it is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) file: Cow<'static, str>,
    pub(crate) start: (u32, u32),
    pub(crate) end: (u32, u32),
}

impl Description {
    /// Describes a test that has nothing but a name.
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            kind: String::new(),
            is_bench: false,
            width: None,
            ignored: false,
            ignore_reason: None,
            should_panic: ShouldPanic::No,
            is_serial: false,
            source: None,
            extras: None,
        }
    }

    pub(crate) fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }

    pub(crate) fn tags(&self) -> &[Cow<'static, str>] {
        self.extras.as_ref().map_or(&[], |extras| &extras.tags)
    }

    pub(crate) fn retries(&self) -> Option<u32> {
        self.extras.as_ref()?.retries
    }

    pub(crate) fn max_time(&self) -> Option<Duration> {
        self.extras.as_ref()?.max_time
    }

    pub(crate) fn expected_failure(&self) -> Option<&ExpectedFailure> {
        self.extras.as_ref()?.expected_failure.as_ref()
    }

    /// Returns the name as it is shown and filtered: with the kind, if there is one.
    pub(crate) fn title(&self) -> Cow<'_, str> {
        if self.kind.is_empty() {
            Cow::Borrowed(&self.name)
        } else {
            Cow::Owned(format!("[{}] {}", self.kind, self.name))
        }
    }

    /// Says whether the two have the same title.
    pub(crate) fn is_called_like(&self, other: &Self) -> bool {
        match self.kind.is_empty() && other.kind.is_empty() {
            true => self.name == other.name,
            false => self.title() == other.title(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            start: (line, column),
            ..
        } = self;
        match column {
            0 => write!(f, "{file}:{line}"),
            _ => write!(f, "{file}:{line}:{column}"),
        }
    }
}
