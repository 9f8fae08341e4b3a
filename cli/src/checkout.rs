//! The checkout of this repository that the subcommand was built from.

use std::env;
use std::path::{Path, PathBuf};

use crate::source::is_pyo3_aio;

/// The folder of package `pyo3-aio`, if the subcommand was built from a checkout of it.
///
/// Sources that cargo keeps for itself are no checkout: they go away when cargo cleans up.
pub(crate) fn find() -> Option<PathBuf> {
    let parent = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?;
    let checkout = parent.canonicalize().ok()?;
    let is_kept_by_cargo = cargo_home().is_some_and(|home| checkout.starts_with(home));
    (!is_kept_by_cargo && is_pyo3_aio(&checkout)).then_some(checkout)
}

/// Where cargo keeps what it fetches, and its configuration.
pub(crate) fn cargo_home() -> Option<PathBuf> {
    let home = match env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => env::home_dir()?.join(".cargo"),
    };
    home.canonicalize().ok()
}
