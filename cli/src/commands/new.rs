//! `new`: adds one more test target.

use std::error::Error;
use std::process::ExitCode;

use crate::cli::{CargoFlags, NewArgs};
use crate::commands::change::{self, Mode};
use crate::commands::init;
use crate::plan::Template;
use crate::plan::target_name;
use crate::shell::Shell;

/// Runs `new`.
pub(crate) fn run(
    args: &NewArgs,
    flags: &CargoFlags,
    shell: &Shell,
) -> Result<ExitCode, Box<dyn Error>> {
    target_name::check(&args.name)?;
    let request = init::request(&args.name, Template::New, &args.library)?;
    let mode = Mode::from(&args.changes);
    init::beside_python_check(shell, || {
        change::run(&request, &args.selection, mode, flags, shell)
    })
}
