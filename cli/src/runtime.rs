//! The runtimes that tests can be written for.

use clap::ValueEnum;

/// A runtime of pyo3-aio.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Runtime {
    /// tokio
    Tokio,
    /// async-std
    AsyncStd,
    /// smol
    Smol,
}

impl Runtime {
    /// All runtimes. If a package uses several, the first of them is chosen.
    pub(crate) const ALL: [Self; 3] = [Self::Tokio, Self::AsyncStd, Self::Smol];

    /// The package, which is also what `--runtime` takes.
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Tokio => "tokio",
            Self::AsyncStd => "async-std",
            Self::Smol => "smol",
        }
    }

    /// The module of pyo3-aio.
    pub(crate) fn module(self) -> &'static str {
        match self {
            Self::Tokio => "tokio",
            Self::AsyncStd => "async_std",
            Self::Smol => "smol",
        }
    }

    /// The feature of pyo3-aio.
    pub(crate) fn feature(self) -> &'static str {
        match self {
            Self::Tokio => "tokio-runtime",
            Self::AsyncStd => "async-std-runtime",
            Self::Smol => "smol-runtime",
        }
    }

    /// The requirement that a new dependency gets.
    pub(crate) fn version(self) -> &'static str {
        match self {
            Self::Tokio | Self::AsyncStd => "1",
            Self::Smol => "2",
        }
    }

    /// The package's features that the templates need.
    pub(crate) fn package_features(self) -> &'static [&'static str] {
        match self {
            Self::Tokio => &["time"],
            Self::AsyncStd | Self::Smol => &[],
        }
    }

    /// The line for `[dependencies]`.
    pub(crate) fn dependency(self) -> String {
        let (package, version) = (self.package(), self.version());
        match self.package_features() {
            [] => format!("{package} = \"{version}\""),
            features => {
                format!("{package} = {{ version = \"{version}\", features = {features:?} }}")
            }
        }
    }

    /// The function that sleeps, in a crate that names the package `krate`.
    pub(crate) fn sleep(self, krate: &str) -> String {
        let function = match self {
            Self::Tokio => "time::sleep",
            Self::AsyncStd => "task::sleep",
            Self::Smol => "Timer::after",
        };
        format!("{krate}::{function}")
    }
}
