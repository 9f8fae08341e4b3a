//! `init`: adds the first test target, and everything that it needs and the crate does not have.

use std::error::Error;
use std::process::ExitCode;
use std::thread;

use crate::cli::{CargoFlags, InitArgs, LibraryArgs};
use crate::commands::change::{self, Mode};
use crate::environment::library_source::LibrarySource;
use crate::environment::python;
use crate::plan::target_name;
use crate::plan::{Request, Template};
use crate::shell::Shell;

/// Runs `init`.
pub(crate) fn run(
    args: &InitArgs,
    flags: &CargoFlags,
    shell: &Shell,
) -> Result<ExitCode, Box<dyn Error>> {
    target_name::check(&args.name)?;
    let request = Request {
        imports_module: args.lib,
        has_unit_tests: args.lib,
        is_forced: args.force,
        migrates: args.migrate,
        ..request(&args.name, Template::Example, &args.library)?
    };
    if args.undo {
        let mode = Mode::from(&args.changes);
        return change::undo(&request, &args.selection, mode, flags, shell);
    }
    let mode = match args.check {
        true => Mode::Check,
        false => Mode::from(&args.changes),
    };
    beside_python_check(shell, || {
        change::run(&request, &args.selection, mode, flags, shell)
    })
}

/// Builds the request from the arguments that `init`, `new` and `demo` share.
pub(crate) fn request(
    name: &str,
    template: Template,
    library: &LibraryArgs,
) -> Result<Request, Box<dyn Error>> {
    Ok(Request {
        name: name.to_owned(),
        template,
        runtime: library.runtime,
        source: LibrarySource::choose(library)?,
        imports_module: false,
        has_unit_tests: false,
        is_forced: false,
        migrates: false,
    })
}

/// Runs `act` while another thread checks Python, which takes about as long. A Python that tests cannot be built with
/// is reported by a warning, as tests can be written all the same.
pub(crate) fn beside_python_check<T>(shell: &Shell, act: impl FnOnce() -> T) -> T {
    let check = thread::spawn(python::check);
    let result = act();
    match check.join() {
        Ok(Ok(Some(python))) if shell.is_verbose() => {
            let (version, executable) = (python.version, python.executable);
            shell.status(
                "Found",
                format_args!("Python {version} at {}", executable.display()),
            );
        }
        Ok(Err(error)) => {
            shell.warn(format_args!("`cargo test` will not build yet: {error}"));
        }
        _ => {}
    }
    result
}
