//! The package before anything is changed: its manifest, targets, library and dependencies.

mod dependencies;
mod error;
mod library;
pub(crate) mod manifest;
pub(crate) mod nextest;
mod package;
pub(crate) mod pyo3_versions;
pub(crate) mod pyproject;
pub(crate) mod repository;
mod resolver;
pub(crate) mod rust;
mod same_file;
mod select;
pub(crate) mod test_targets;

pub(crate) use dependencies::OldPeer;
pub(crate) use library::Library;
pub(crate) use package::{Project, TestTarget};
