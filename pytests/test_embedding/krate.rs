//! A crate with tests of every kind, built and run as a user does, in a clean environment.

use std::collections::BTreeMap;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use smol::process::{Command, Stdio};

/// The crate, in a folder of its own.
pub(crate) struct Krate {
    folder: PathBuf,
    /// Crates with the same environment for pyo3 share one.
    target: PathBuf,
    arguments: Vec<String>,
    variables: BTreeMap<String, String>,
}

/// The exit code and the output of a command.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

const FILES: [(&str, &str); 4] = [
    ("build.rs", include_str!("crate/build.rs")),
    ("src/lib.rs", include_str!("crate/src/lib.rs")),
    (
        "examples/embeds.rs",
        include_str!("crate/examples/embeds.rs"),
    ),
    ("pytests/facts.rs", include_str!("crate/pytests/facts.rs")),
];

impl Krate {
    /// Writes the crate anew; what was built of it is kept from run to run.
    pub(crate) fn new(name: &str, target: &str) -> Self {
        let temporary = Path::new(env!("CARGO_TARGET_TMPDIR")).join("embedding");
        let folder = temporary.join(name);
        let checkout = env!("CARGO_MANIFEST_DIR");
        let manifest = include_str!("crate/Cargo.toml.in").replace("{{checkout}}", checkout);
        write(&folder.join("Cargo.toml"), &manifest);
        for (path, text) in FILES {
            write(&folder.join(path), text);
        }
        // The same versions as here, so that nothing has to be fetched.
        fs::copy(
            Path::new(checkout).join("Cargo.lock"),
            folder.join("Cargo.lock"),
        )
        .unwrap();
        Self {
            folder,
            target: temporary.join("target").join(target),
            arguments: Vec::new(),
            variables: BTreeMap::new(),
        }
    }

    /// The folder of the crate.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Builds with a feature.
    pub(crate) fn with_feature(mut self, feature: &str) -> Self {
        self.arguments.push(format!("--features={feature}"));
        self
    }

    /// Sets a variable.
    pub(crate) fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        let value = value
            .as_ref()
            .to_str()
            .expect("paths of these tests are UTF-8");
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Runs cargo with the words, and what stands behind ` -- ` for the program.
    pub(crate) async fn cargo(&self, words: &str) -> Output {
        let (cargo, program) = words.split_once(" -- ").unwrap_or((words, ""));
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(cargo.split_whitespace()).args(&self.arguments);
        if !program.is_empty() {
            command.arg("--").args(program.split_whitespace());
        }
        self.run(command).await
    }

    /// Runs a command in the crate, which ends when the test does.
    pub(crate) async fn run(&self, mut command: Command) -> Output {
        command.current_dir(&self.folder).env_clear();
        for name in ["HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"] {
            command.envs(env::var_os(name).map(|value| (name, value)));
        }
        command
            .env("PATH", path_without_environment())
            .env("CARGO_NET_OFFLINE", "true")
            // Each crate is built once, and what speeds up a second build takes half of the disk.
            .env("CARGO_INCREMENTAL", "0")
            .env("CARGO_TARGET_DIR", &self.target)
            .envs(&self.variables)
            .kill_on_drop(true)
            .stdin(Stdio::null());
        let output = command.output().await.unwrap();
        Output {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs the test that prints facts.
    pub(crate) async fn facts(&self) -> Facts {
        let output = self.cargo("test --test facts -- --show-output").await;
        output.succeeds();
        assert!(!output.stderr.contains("warning:"), "{output:#?}");
        let lines = output
            .stdout
            .lines()
            .filter_map(|line| line.split_once('='));
        let facts = lines.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Facts(facts.collect())
    }

    /// The shared libraries that the extension module asks for.
    pub(crate) async fn needed_by_module(&self) -> String {
        let mut command = Command::new("readelf");
        command
            .arg("-d")
            .arg(self.target.join("debug/libembedded.so"));
        let output = self.run(command).await;
        output.succeeds();
        output.stdout
    }

    /// Builds the tests, and tells where the program of the one with the facts is.
    pub(crate) async fn facts_program(&self) -> PathBuf {
        let output = self.cargo("test --no-run").await;
        output.succeeds();
        let (_, rest) = output
            .stderr
            .split_once("Executable pytests/facts.rs (")
            .unwrap_or_else(|| panic!("{output:#?}"));
        let (path, _) = rest.split_once(')').unwrap();
        self.folder.join(path)
    }
}

impl Output {
    /// Panics with everything that was printed.
    pub(crate) fn succeeds(&self) {
        assert_eq!(self.code, Some(0), "{self:#?}");
    }

    /// Counts the lines of the output that are this one.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.stdout.lines().filter(|each| *each == line).count()
    }
}

/// The facts that the interpreter prints of itself.
#[derive(Debug)]
pub(crate) struct Facts(BTreeMap<String, String>);

impl Facts {
    pub(crate) fn get(&self, name: &str) -> &str {
        let value = self.0.get(name);
        value.unwrap_or_else(|| panic!("no {name} in {self:#?}"))
    }
}

/// Writes a file unless it is as it has to be: cargo builds again what was written.
fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    if !fs::read_to_string(path).is_ok_and(|known| known == text) {
        fs::write(path, text).unwrap();
    }
}

/// The path without the virtual environment in which these tests may run.
pub(crate) fn path_without_environment() -> String {
    let environment = env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let is_kept = |folder: &PathBuf| {
        environment
            .as_ref()
            .is_none_or(|environment| !folder.starts_with(environment))
    };
    let kept = env::join_paths(env::split_paths(&path).filter(is_kept)).unwrap();
    kept.into_string().expect("paths of these tests are UTF-8")
}
