//! Decides what to change, and changes nothing.

mod changes;
pub(crate) mod ci;
mod edit;
mod error;
mod extension_module;
mod features;
mod importable;
mod library_tests;
mod migrate;
mod pyo3;
pub(crate) mod pyproject;
mod repair;
mod request;
mod requirement;
mod scaffold;
pub(crate) mod target_name;
mod test_target;
mod undo;

pub(crate) use changes::{FileChange, Plan};
pub(crate) use extension_module::{causes as causes_of_extension_module, links_unit_tests};
pub(crate) use repair::repair;
pub(crate) use request::{ExistingFiles, ExistingTest, Request, Template};
pub(crate) use scaffold::{LEAK, scaffold};
pub(crate) use test_target::file as test_file;
pub(crate) use undo::undo;
