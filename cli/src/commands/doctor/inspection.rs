//! The input of the checks. Collecting it starts programs and reads files; the checks decide.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::SystemTime;

use cargo_metadata::{Metadata, Node, PackageId};

use crate::cli::CargoFlags;
use crate::environment::cargo;
use crate::environment::loader;
use crate::environment::python::{self, Python};
use crate::project::Project;
use crate::project::manifest::Manifest;
use crate::project::nextest::NextestConfig;
use crate::project::pyproject;
use crate::project::test_targets::Target;

/// The state of the machine, which all packages share.
#[derive(Debug)]
pub(super) struct Machine {
    /// The Python that pyo3 builds for.
    pub(super) python: Result<Option<Python>, python::Error>,
    /// The virtual environment that the tests will use.
    pub(super) venv: Option<Venv>,
    /// The Python of the virtual environment, or else the one that pyo3 builds for.
    pub(super) interpreter: Option<PathBuf>,
    /// Whether that Python can import uvloop.
    pub(super) has_uvloop: bool,
    /// The version of cargo-nextest, if it is installed.
    pub(super) nextest: Option<String>,
    /// The libpython that the loader finds for a test program; `None` if none has been built.
    pub(super) libpython: Option<LibpythonLookup>,
    /// Cargo's folder of intermediate build files.
    pub(super) build_directory: PathBuf,
    /// Cargo's target folder.
    pub(super) target_directory: PathBuf,
}

/// The state of a package.
#[derive(Debug)]
pub(super) struct Inspection<'a> {
    /// The state of the machine.
    pub(super) machine: &'a Machine,
    /// The workspace's configuration of cargo-nextest.
    pub(super) nextest_config: NextestConfig,
    /// The pyo3 that cargo resolves, or cargo's error.
    pub(super) resolved: Result<ResolvedPyo3, String>,
    /// The test targets, and test files that are none.
    pub(super) targets: Vec<Target>,
    /// pyproject.toml, if it exists and can be parsed.
    pub(super) pyproject: Option<Manifest>,
    /// The arguments by which cargo, and this subcommand, find the package from the current folder.
    pub(super) arguments: String,
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

impl Machine {
    /// Inspects the machine, for packages that are in one workspace and have these targets.
    pub(super) fn new(projects: &[Project], targets: &[Target]) -> Option<Self> {
        let project = projects.first()?;
        let folder = match projects {
            [only] => only.folder(),
            _ => &project.workspace_root,
        };
        // Each of these starts a program.
        let python = thread::spawn(python::check);
        let nextest = thread::spawn(nextest);
        let libpython = find_libpython(project, targets);
        let python = python.join().unwrap_or(Ok(None));
        let venv = find_venv(folder);
        let interpreter = match (&venv, &python) {
            (Some(venv), _) => Some(venv.folder.join("bin/python")),
            (None, Ok(Some(python))) => Some(python.executable.clone()),
            _ => None,
        };
        Some(Self {
            has_uvloop: interpreter
                .as_deref()
                .is_some_and(|python| imports(python, "uvloop")),
            nextest: nextest.join().unwrap_or(None),
            libpython,
            python,
            venv,
            interpreter,
            build_directory: project.build_directory.clone(),
            target_directory: project.target_directory.clone(),
        })
    }
}

impl<'a> Inspection<'a> {
    /// Inspects a package, whose targets are known.
    pub(super) fn new(
        project: &Project,
        targets: Vec<Target>,
        resolution: &Result<Metadata, String>,
        machine: &'a Machine,
    ) -> Self {
        Self {
            machine,
            nextest_config: NextestConfig::read(&project.workspace_root),
            resolved: match resolution {
                Ok(metadata) => Ok(ResolvedPyo3::find(metadata, &project.name)),
                Err(error) => Err(error.clone()),
            },
            pyproject: pyproject::find(&project.manifest),
            arguments: project.cargo_arguments(),
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

/// Resolves the dependencies of a workspace, or returns cargo's error.
pub(super) fn resolve(manifest: &Path, flags: &CargoFlags) -> Result<Metadata, String> {
    cargo::resolve(manifest, flags).map_err(|error| error.to_string())
}

impl ResolvedPyo3 {
    /// Finds pyo3 among the packages that a member of the workspace depends on.
    fn find(metadata: &Metadata, member: &str) -> Self {
        let nodes: BTreeMap<&PackageId, &Node> = metadata
            .resolve
            .iter()
            .flat_map(|resolve| &resolve.nodes)
            .map(|node| (&node.id, node))
            .collect();
        let members = metadata.workspace_packages().into_iter();
        let mut todo: Vec<&PackageId> = members
            .filter(|package| package.name == member)
            .map(|package| &package.id)
            .collect();
        let mut seen: BTreeSet<&PackageId> = BTreeSet::new();
        while let Some(id) = todo.pop() {
            if let Some(node) = nodes.get(id).filter(|_| seen.insert(id)) {
                todo.extend(&node.dependencies);
            }
        }
        let mut resolved = Self::default();
        let packages = metadata.packages.iter();
        for package in
            packages.filter(|package| package.name == "pyo3" && seen.contains(&package.id))
        {
            resolved.versions.push(package.version.to_string());
            let features = nodes.get(&package.id).map(|node| &node.features);
            let mut features = features.into_iter().flatten();
            resolved.has_extension_module |=
                features.any(|feature| feature.as_str() == "extension-module");
        }
        resolved
    }
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
