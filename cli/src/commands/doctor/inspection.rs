//! The input of the checks. Collecting it starts programs and reads files; the checks decide.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::cli::CargoFlags;
use crate::environment::cargo;
use crate::environment::loader;
use crate::environment::python::{self, Python};
use crate::project::Project;
use crate::project::manifest::Manifest;
use crate::project::nextest::NextestConfig;
use crate::project::test_targets::{self, Target};

/// The state of the package and of the machine.
#[derive(Debug)]
pub(super) struct Inspection {
    /// The Python that pyo3 builds for.
    pub(super) python: Result<Option<Python>, python::Error>,
    /// The virtual environment that the tests will use.
    pub(super) venv: Option<Venv>,
    /// Whether uvloop can be imported by the Python of the virtual environment, or else by the one that pyo3 builds for.
    pub(super) has_uvloop: bool,
    /// The version of cargo-nextest, if it is installed.
    pub(super) nextest: Option<String>,
    /// The workspace's configuration of cargo-nextest.
    pub(super) nextest_config: NextestConfig,
    /// The pyo3 that cargo resolves, or cargo's error.
    pub(super) resolved: Result<ResolvedPyo3, String>,
    /// The libpython that the loader finds for a test program; `None` if none has been built.
    pub(super) libpython: Option<LibpythonLookup>,
    /// The test targets, and test files that are none.
    pub(super) targets: Vec<Target>,
    /// pyproject.toml, if it exists and can be parsed.
    pub(super) pyproject: Option<Manifest>,
}

/// A virtual environment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Venv {
    /// Its folder.
    pub(super) folder: PathBuf,
    /// The variable or the folder's name that it was found by.
    pub(super) found_by: &'static str,
    /// The version of its Python, as in `pyvenv.cfg`.
    pub(super) version: Option<String>,
}

/// pyo3, as cargo resolves it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct ResolvedPyo3 {
    /// Its versions; more than one cannot be linked.
    pub(super) versions: Vec<String>,
    /// Whether its feature `extension-module` is on.
    pub(super) has_extension_module: bool,
}

/// The libpython that the loader finds for a test program.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct LibpythonLookup {
    /// The program.
    pub(super) program: PathBuf,
    /// The library that it finds with the paths that cargo adds.
    pub(super) by_cargo: Option<PathBuf>,
    /// The library that it finds without them.
    pub(super) alone: Option<PathBuf>,
}

impl Inspection {
    /// Inspects the package and the machine.
    pub(super) fn new(project: &Project, flags: &CargoFlags) -> Self {
        let python = python::check();
        let venv = find_venv(project.folder());
        let targets = test_targets::all(project);
        let interpreter = match (&venv, &python) {
            (Some(venv), _) => Some(venv.folder.join("bin/python")),
            (None, Ok(Some(python))) => Some(python.executable.clone()),
            _ => None,
        };
        Self {
            has_uvloop: interpreter.is_some_and(|python| imports(&python, "uvloop")),
            nextest: nextest(),
            nextest_config: NextestConfig::read(&project.workspace_root),
            resolved: resolve(project, flags),
            libpython: find_libpython(project, &targets),
            pyproject: Manifest::read(&project.folder().join("pyproject.toml")).ok(),
            python,
            venv,
            targets,
        }
    }
}

/// Finds the virtual environment as the harness does when the tests start: an active one, else `.venv` beside the
/// manifest or in a folder above.
fn find_venv(folder: &Path) -> Option<Venv> {
    let variable = |name| env::var_os(name).filter(|value| !value.is_empty());
    let active = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter();
    let active = active
        .filter_map(|name| Some((PathBuf::from(variable(name)?), name)))
        .next();
    let beside = || {
        let mut folders = folder.ancestors().map(|folder| folder.join(".venv"));
        folders
            .find(|folder| folder.join("pyvenv.cfg").is_file())
            .map(|folder| (folder, ".venv"))
    };
    let (folder, found_by) = active.or_else(beside)?;
    let version = fs::read_to_string(folder.join("pyvenv.cfg")).ok();
    let version = version.and_then(|text| version_in(&text));
    Some(Venv {
        folder,
        found_by,
        version,
    })
}

/// Reads the version in `pyvenv.cfg`: `version`, as venv writes it, or `version_info`, as uv and virtualenv do.
fn version_in(config: &str) -> Option<String> {
    let mut entries = config.lines().filter_map(|line| line.split_once('='));
    let is_version = |key: &str| matches!(key.trim(), "version" | "version_info");
    entries
        .find(|(key, _)| is_version(key))
        .map(|(_, value)| value.trim().to_owned())
}

fn imports(python: &Path, module: &str) -> bool {
    let output = Command::new(python)
        .args(["-c", &format!("import {module}")])
        .output();
    output.is_ok_and(|output| output.status.success())
}

fn nextest() -> Option<String> {
    let output = Command::new(cargo::program())
        .args(["nextest", "--version"])
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let first = text.lines().next()?.to_owned();
    output.status.success().then_some(first)
}

fn resolve(project: &Project, flags: &CargoFlags) -> Result<ResolvedPyo3, String> {
    let metadata =
        cargo::resolve(project.manifest.path(), flags).map_err(|error| error.to_string())?;
    let mut resolved = ResolvedPyo3::default();
    let pyo3 = metadata
        .packages
        .iter()
        .filter(|package| package.name == "pyo3");
    for package in pyo3 {
        resolved.versions.push(package.version.to_string());
        let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
        let mut nodes = nodes.filter(|node| node.id == package.id);
        resolved.has_extension_module |= nodes.any(|node| {
            node.features
                .iter()
                .any(|feature| feature.as_str() == "extension-module")
        });
    }
    Ok(resolved)
}

/// Asks the loader about the newest program of a test target, if one is built.
fn find_libpython(project: &Project, targets: &[Target]) -> Option<LibpythonLookup> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let folder = project.build_directory.join("debug");
    let is_test = |name: &str| {
        let name = name.rsplit_once('-').map_or(name, |(name, _)| name);
        targets
            .iter()
            .any(|target| target.name.replace('-', "_") == name)
    };
    let program = newest(&folder.join("deps"), |path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        path.extension().is_none() && path.is_file() && is_test(&name)
    })?;
    // Cargo adds to the loader's paths only folders in the target folder.
    let is_passed_on = folder.starts_with(&project.target_directory);
    let has_links = |path: &Path| path.join("out/libpython").is_dir();
    let links = newest(&folder.join("build"), has_links).filter(|_| is_passed_on);
    let links = links.map(|path| path.join("out/libpython"));
    Some(LibpythonLookup {
        by_cargo: libpython_of(&program, links.as_deref()),
        alone: libpython_of(&program, None),
        program,
    })
}

fn newest(folder: &Path, is_wanted: impl Fn(&Path) -> bool) -> Option<PathBuf> {
    let paths = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let time = |path: &PathBuf| {
        fs::metadata(path)
            .and_then(|data| data.modified())
            .unwrap_or(SystemTime::UNIX_EPOCH)
    };
    paths.filter(|path| is_wanted(path)).max_by_key(time)
}

fn libpython_of(program: &Path, folder: Option<&Path>) -> Option<PathBuf> {
    let mut command = Command::new("ldd");
    command.arg(program);
    match folder {
        Some(folder) => command.env(loader::VARIABLE, folder),
        None => command.env_remove(loader::VARIABLE),
    };
    let output = command.output().ok()?;
    let path = libpython_in(&String::from_utf8_lossy(&output.stdout))?;
    Some(path.canonicalize().unwrap_or(path))
}

/// Finds `libpython3.so => /path (0x..)` in the output of `ldd`.
fn libpython_in(text: &str) -> Option<PathBuf> {
    let mut lines = text
        .lines()
        .filter_map(|line| line.trim().split_once(" => "));
    let (_, found) = lines.find(|(name, _)| name.starts_with("libpython"))?;
    let (path, _) = found.rsplit_once(" (")?;
    Some(path.into())
}

#[cfg(test)]
mod tests {
    use super::{libpython_in, version_in};

    #[test]
    fn the_version_is_found_in_each_spelling() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            version_in("home = /usr/bin\nversion = 3.12.1\n"),
            some("3.12.1")
        );
        assert_eq!(
            version_in("version_info = 3.11.7.final.0\n"),
            some("3.11.7.final.0")
        );
        assert_eq!(version_in("home = /usr/bin\n"), None);
    }

    #[test]
    fn ldd_is_understood() {
        let found = "\tlibpython3.12.so.1.0 => /l/libpython3.12.so.1.0 (0x00007f)\n\tlibc.so.6 => x (0x1)\n";
        assert_eq!(libpython_in(found), Some("/l/libpython3.12.so.1.0".into()));
        assert_eq!(libpython_in("\tlibpython3.12.so.1.0 => not found\n"), None);
        assert_eq!(libpython_in("\tstatically linked\n"), None);
    }
}
