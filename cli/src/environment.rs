//! The machine that the subcommand runs on: cargo, Python, and the checkout that it was built from.

pub(crate) mod cargo;
pub(crate) mod cargo_config;
pub(crate) mod checkout;
pub(crate) mod library_source;
pub(crate) mod loader;
pub(crate) mod python;
