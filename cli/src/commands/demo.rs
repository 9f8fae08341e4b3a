//! `demo`: makes a small extension crate and runs its tests.

mod folder;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::cli::{CargoFlags, DemoArgs, Selection};
use crate::commands::change::{self, Mode};
use crate::commands::init;
use crate::commands::run;
use crate::environment::cargo;
use crate::environment::library_source::LibrarySource;
use crate::environment::python;
use crate::plan::{Request, Template};
use crate::project::{Project, pyo3_versions};
use crate::runtime::Runtime;
use crate::shell::Shell;
use folder::Folder;

/// The reasons for which `demo` fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum DemoError {
    /// The folder is not empty.
    #[error("`{}` is not an empty folder: name another, or leave it out", .0.display())]
    NotEmpty(PathBuf),
    /// A file cannot be written.
    #[error("cannot write `{}`: choose another folder with `demo DIR`", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Cargo does not start.
    #[error("cannot run `cargo test` in `{}`: is cargo on PATH?", path.display())]
    Test {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl DemoError {
    /// Adds the path to an error of writing a file.
    fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Write { path, source }
    }
}

/// Runs `demo`.
pub(crate) fn run(
    args: &DemoArgs,
    flags: &CargoFlags,
    shell: &Shell,
) -> Result<ExitCode, Box<dyn Error>> {
    python::check()?;
    let request = Request {
        imports_module: true,
        ..init::request("test_example", Template::Example, &args.library)?
    };
    if let Some(warning) = request.source.warning() {
        shell.warn(warning);
    }
    let folder = Folder::prepare(args.dir.as_deref())?;
    shell.status(
        "Creating",
        format_args!("package `pyo3-aio-demo` in {}", folder.path().display()),
    );
    write_files(&folder, &request)?;
    let selection = Selection {
        manifest_path: Some(folder.path().join("Cargo.toml")),
        ..Selection::default()
    };
    change::run(&request, &selection, Mode::Write, flags, shell)?;
    folder.record()?;
    run::announce_first_build(&Project::inspect(&selection, flags)?, false, shell);
    test(&folder, flags, shell)
}

fn write_files(folder: &Folder, request: &Request) -> Result<(), DemoError> {
    let runtime = request.runtime.unwrap_or(Runtime::Tokio);
    let source = request.source.keys(folder.path()).to_string();
    let values = [
        ("pyo3_version", pyo3_versions::NEWEST),
        ("source", source.trim().trim_matches(['{', '}']).trim()),
        ("runtime", runtime.module()),
        ("runtime_feature", runtime.feature()),
        ("runtime_dependency", &runtime.dependency()),
        ("sleep", &runtime.sleep(runtime.module())),
    ];
    let manifest = pyo3_aio_templates::render(pyo3_aio_templates::DEMO_MANIFEST, &values);
    let library = pyo3_aio_templates::render(pyo3_aio_templates::DEMO_LIB, &values);
    folder.write("Cargo.toml", &manifest)?;
    folder.write("src/lib.rs", &library)?;
    folder.write(".gitignore", "/target\n")?;
    match &request.source {
        LibrarySource::Path(checkout) => copy_lock(checkout, folder.path()),
        _ => Ok(()),
    }
}

/// Copies the checkout's lock file: the demo then builds the versions that the checkout was tested with, and needs no
/// network if they have been downloaded.
fn copy_lock(checkout: &Path, folder: &Path) -> Result<(), DemoError> {
    let lock = checkout.join("Cargo.lock");
    if !lock.is_file() {
        return Ok(());
    }
    let copy = folder.join("Cargo.lock");
    fs::copy(lock, &copy)
        .map(drop)
        .map_err(DemoError::write(&copy))
}

fn test(folder: &Folder, flags: &CargoFlags, shell: &Shell) -> Result<ExitCode, Box<dyn Error>> {
    let path = folder.path();
    shell.status(
        "Running",
        format_args!("`cargo test` in {}", path.display()),
    );
    let status = cargo::in_own_environment()
        .arg("test")
        .args(flags.to_args())
        .current_dir(path)
        .status()
        .map_err(|source| DemoError::Test {
            path: path.to_owned(),
            source,
        })?;
    if status.success() {
        let message = "change it, and run `cargo test` there";
        shell.status(
            "Finished",
            format_args!("the demo is in {}: {message}", path.display()),
        );
    } else {
        shell.note(format_args!("the demo is in {}", path.display()));
    }
    Ok(cargo::exit_code(status))
}
