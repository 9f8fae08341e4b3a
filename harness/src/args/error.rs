//! The errors of a command line.

use std::error::Error;
use std::fmt;

/// An error in a command line. The texts are libtest's.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArgumentError {
    /// Help was asked for; this is its text.
    Help(String),
    /// The options are not of the accepted form; this says which.
    Usage(String),
    /// An option has a value that it does not take.
    #[non_exhaustive]
    Value {
        /// The option, with its dashes.
        option: &'static str,
        /// The rest of the message: the values that it takes, and the one that it has.
        problem: String,
    },
    /// `-Z` was given something else than `unstable-options`.
    UnstableFlag,
    /// `--ignored` and `--include-ignored` came together.
    IgnoredTwice,
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Help(text) | Self::Usage(text) => f.write_str(text),
            Self::Value { option, problem } => write!(f, "argument for {option} must {problem}"),
            Self::UnstableFlag => f.write_str("Unrecognized option to `Z`"),
            Self::IgnoredTwice => {
                f.write_str("the options --include-ignored and --ignored are mutually exclusive")
            }
        }
    }
}

impl Error for ArgumentError {}
