//! The subcommands, one module each, and the parts that several of them share.

pub(crate) mod change;
pub(crate) mod ci;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod diff;
pub(crate) mod doctor;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod new;
pub(crate) mod run;
