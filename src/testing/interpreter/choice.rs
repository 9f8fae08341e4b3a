//! Chooses the interpreter that the tests run under, from environment variables and the file system.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// The interpreter that `PyConfig.executable` is set to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) executable: PathBuf,
    /// The folder of the virtual environment that the executable belongs to.
    pub(crate) environment: Option<PathBuf>,
}

/// The facts that the choice depends on.
#[derive(Default)]
pub(crate) struct Candidates {
    /// `PYO3_ASYNC_TEST_PYTHON`, an executable or a virtual environment's folder.
    pub(crate) asked_for: Option<PathBuf>,
    pub(crate) virtual_env: Option<PathBuf>,
    pub(crate) conda_prefix: Option<PathBuf>,
    /// The interpreter that pyo3 was configured with.
    pub(crate) built_for: Option<PathBuf>,
    pub(crate) manifest_dir: Option<PathBuf>,
    /// The `x` of the Python 3.x that is loaded.
    pub(crate) minor: Option<u8>,
}

impl Candidates {
    pub(crate) fn of_process(manifest_dir: Option<&Path>, minor: Option<u8>) -> Self {
        let variable = |name| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let built_for = option_env!("PYO3_AIO_PYTHON_EXECUTABLE").unwrap_or_default();
        Self {
            asked_for: variable("PYO3_ASYNC_TEST_PYTHON"),
            virtual_env: variable("VIRTUAL_ENV"),
            conda_prefix: variable("CONDA_PREFIX"),
            built_for: Some(PathBuf::from(built_for)).filter(|path| path.is_file()),
            manifest_dir: manifest_dir.map(Path::to_owned),
            minor,
        }
    }
}

/// Picks the first of the candidates that exists and fits the Python that is loaded.
///
/// The most explicit one comes first: asked for, activated, built for, beside the manifest. The second value has a warning for
/// every candidate that a variable names but that does not fit.
pub(crate) fn choose(candidates: &Candidates) -> (Option<Choice>, Vec<String>) {
    let mut warnings = Vec::new();
    let named = [
        ("PYO3_ASYNC_TEST_PYTHON", &candidates.asked_for),
        ("VIRTUAL_ENV", &candidates.virtual_env),
        ("CONDA_PREFIX", &candidates.conda_prefix),
    ];
    for (variable, path) in named {
        let Some(path) = path else { continue };
        match candidate(path, candidates.minor) {
            Ok(choice) => return (Some(choice), warnings),
            Err(problem) => warnings.push(format!("{variable} is passed over: {problem}")),
        }
    }
    (choose_unnamed(candidates), warnings)
}

fn choose_unnamed(candidates: &Candidates) -> Option<Choice> {
    let built_for = candidates.built_for.as_deref();
    let built_for = built_for.and_then(|path| candidate(path, candidates.minor).ok());
    let (environment, base): (Option<_>, Option<_>) = match built_for {
        Some(choice) if choice.environment.is_some() => (Some(choice), None),
        other => (None, other),
    };
    environment.or_else(|| beside_manifest(candidates)).or(base)
}

/// Looks for `.venv` and `venv` from the manifest's folder up to the one with the lock file.
fn beside_manifest(candidates: &Candidates) -> Option<Choice> {
    let manifest_dir = candidates.manifest_dir.as_deref()?;
    let height = manifest_dir
        .ancestors()
        .position(|folder| folder.join("Cargo.lock").exists());
    manifest_dir
        .ancestors()
        .take(height.unwrap_or(0) + 1)
        .flat_map(|folder| [folder.join(".venv"), folder.join("venv")])
        .filter(|folder| folder.join("pyvenv.cfg").exists())
        .find_map(|folder| candidate(&folder, candidates.minor).ok())
}

/// Checks an executable or the folder of a virtual environment.
fn candidate(path: &Path, minor: Option<u8>) -> Result<Choice, String> {
    let executable = if path.is_dir() {
        executable_in(path)
    } else {
        Some(path.to_owned()).filter(|path| path.is_file())
    };
    let executable =
        executable.ok_or_else(|| format!("there is no Python at {}", path.display()))?;
    let prefix = executable.parent().and_then(Path::parent);
    let environment = prefix.filter(|prefix| prefix.join("pyvenv.cfg").is_file());
    if let (Some(environment), Some(minor)) = (environment, minor) {
        let configuration = fs::read_to_string(environment.join("pyvenv.cfg")).unwrap_or_default();
        if let Some(other) = venv_minor(&configuration).filter(|other| *other != minor) {
            return Err(format!(
                "{} is for Python 3.{other}, but the tests were built for Python 3.{minor}",
                environment.display()
            ));
        }
    }
    Ok(Choice {
        environment: environment.map(Path::to_owned),
        executable,
    })
}

fn executable_in(prefix: &Path) -> Option<PathBuf> {
    let names = if cfg!(windows) {
        ["Scripts/python.exe", "python.exe"]
    } else {
        ["bin/python3", "bin/python"]
    };
    names
        .iter()
        .map(|name| prefix.join(name))
        .find(|path| path.is_file())
}

/// Reads the minor version from a `pyvenv.cfg`, as `venv` (`version`) and uv (`version_info`) write it.
fn venv_minor(configuration: &str) -> Option<u8> {
    configuration.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        let is_version = matches!(key.trim(), "version" | "version_info");
        is_version.then(|| value.split('.').nth(1)?.trim().parse().ok())?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that is removed at the test's end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path =
                env::temp_dir().join(format!("pyo3-aio-choice-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn environment(&self, name: &str, version: &str) -> PathBuf {
            let environment = self.0.join(name);
            fs::create_dir_all(environment.join("bin")).unwrap();
            fs::write(environment.join("bin/python3"), "").unwrap();
            fs::write(
                environment.join("pyvenv.cfg"),
                format!("home = /usr/bin\n{version}\n"),
            )
            .unwrap();
            environment
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn environment_chosen(candidates: &Candidates) -> Option<PathBuf> {
        choose(candidates).0?.environment
    }

    #[test]
    fn reads_both_spellings_of_the_version() {
        assert_eq!(venv_minor("home = x\nversion = 3.12.1\n"), Some(12));
        assert_eq!(
            venv_minor("uv = 0.5\nversion_info = 3.9.18.final.0\n"),
            Some(9)
        );
        assert_eq!(venv_minor("home = x\n"), None);
    }

    #[test]
    fn an_activated_environment_goes_before_one_beside_the_manifest() {
        let folder = Folder::new("order");
        let activated = folder.environment("activated", "version = 3.12.1");
        let beside = folder.environment(".venv", "version = 3.12.1");
        let mut candidates = Candidates {
            virtual_env: Some(activated.clone()),
            manifest_dir: Some(folder.0.clone()),
            minor: Some(12),
            ..Candidates::default()
        };
        assert_eq!(environment_chosen(&candidates), Some(activated));
        candidates.virtual_env = None;
        assert_eq!(environment_chosen(&candidates), Some(beside));
    }

    #[test]
    fn an_environment_of_another_version_is_passed_over_with_a_warning() {
        let folder = Folder::new("version");
        let candidates = Candidates {
            virtual_env: Some(folder.environment("other", "version_info = 3.13.0")),
            minor: Some(12),
            ..Candidates::default()
        };
        let (choice, warnings) = choose(&candidates);
        assert_eq!(choice, None);
        assert!(warnings[0].contains("is for Python 3.13"), "{warnings:?}");
    }

    #[test]
    fn an_environment_above_the_lock_file_is_not_looked_at() {
        let folder = Folder::new("above");
        folder.environment(".venv", "version = 3.12.1");
        let manifest_dir = folder.0.join("project/member");
        fs::create_dir_all(&manifest_dir).unwrap();
        fs::write(folder.0.join("project/Cargo.lock"), "").unwrap();
        let mut candidates = Candidates {
            manifest_dir: Some(manifest_dir),
            ..Candidates::default()
        };
        assert_eq!(environment_chosen(&candidates), None);
        fs::rename(
            folder.0.join("project/Cargo.lock"),
            folder.0.join("Cargo.lock"),
        )
        .unwrap();
        candidates.minor = Some(12);
        assert_eq!(
            environment_chosen(&candidates),
            Some(folder.0.join(".venv"))
        );
    }

    #[test]
    fn the_base_interpreter_is_the_last_choice_and_its_environment_the_first_unnamed_one() {
        let folder = Folder::new("built");
        let beside = folder.environment(".venv", "version = 3.12.1");
        let built = folder.environment("built", "version = 3.12.1");
        let mut candidates = Candidates {
            built_for: Some(built.join("bin/python3")),
            manifest_dir: Some(folder.0.clone()),
            minor: Some(12),
            ..Candidates::default()
        };
        assert_eq!(environment_chosen(&candidates), Some(built.clone()));
        fs::remove_file(built.join("pyvenv.cfg")).unwrap();
        assert_eq!(environment_chosen(&candidates), Some(beside));
        candidates.manifest_dir = None;
        let executable = built.join("bin/python3");
        assert_eq!(
            choose(&candidates).0,
            Some(Choice {
                executable,
                environment: None
            })
        );
    }
}
