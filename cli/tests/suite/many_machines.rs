//! The steps of a workflow that `ci` writes, taken from its text: tests that are built once run in three parts, in another
//! folder, with a clean environment and without the target folder they were built in.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::rendered::{command, make_crate, succeeds};
use crate::sandbox::Sandbox;

const FACTS: &str = r#"use pyo3::prelude::*;

#[pyo3_aio::tokio::test]
fn facts() -> PyResult<()> {
    Python::attach(|py| {
        let sys = py.import("sys")?;
        let text = |name: &str| sys.getattr(name)?.extract::<String>();
        let facts = [text("version")?, text("prefix")?, text("executable")?].map(|fact| fact.replace('\n', " "));
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
        let library = maps.split_whitespace().find(|word| word.contains("/libpython"));
        let facts = format!("{}\n{}\n", facts.join("\n"), library.unwrap_or_default());
        std::fs::write(std::env::var("FACTS").unwrap(), facts)?;
        Ok(())
    })
}

#[pyo3_aio::tokio::test(serial)]
async fn runs_alone() {}

pyo3_aio::testing::main!();
"#;

/// A Python, as it describes itself.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Python {
    executable: PathBuf,
    version: String,
    prefix: String,
    library: PathBuf,
}

impl Python {
    fn ask(command: &Path) -> Option<Self> {
        let script = "import os, sys, sysconfig\n\
                      get = sysconfig.get_config_var\n\
                      library = os.path.join(get('LIBDIR') or '', get('INSTSONAME') or '')\n\
                      print(sys.executable, sys.version.replace('\\n', ' '), sys.prefix, library, sep='\\n')";
        let output = Command::new(command).args(["-c", script]).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let lines: Vec<&str> = text.lines().collect();
        let &[executable, version, prefix, library] = lines.as_slice() else {
            return None;
        };
        let library = PathBuf::from(library).canonicalize().ok()?;
        library.is_file().then(|| Self {
            executable: executable.into(),
            version: version.to_owned(),
            prefix: prefix.to_owned(),
            library,
        })
    }

    fn minor(&self) -> &str {
        let end = self.version.match_indices('.').nth(1).unwrap().0;
        &self.version[..end]
    }

    /// Another Python of the same minor version, if this machine has one.
    fn other(&self) -> Option<Self> {
        let name = format!("python{}", self.minor());
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&path).chain(["/usr/bin".into(), "/usr/local/bin".into()]);
        let mut found = folders.filter_map(|folder| Self::ask(&folder.join(&name)));
        found.find(|python| python.library != self.library)
    }
}

/// A machine of the workflow: the sources in a folder of their own, and the few programs that it has.
struct Machine {
    folder: tempfile::TempDir,
}

impl Machine {
    fn new(sources: &Path, python: &Path) -> Self {
        let machine = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let copy = Command::new("cp")
            .args(["-r"])
            .arg(sources)
            .arg(machine.sources())
            .status();
        assert!(copy.unwrap().success());
        let programs = machine.folder.path().join("bin");
        fs::create_dir(&programs).unwrap();
        for (name, target) in [
            ("cargo-nextest", nextest().unwrap().as_path()),
            ("python", python),
        ] {
            let script = format!("#!/bin/sh\nexec '{}' \"$@\"\n", target.display());
            fs::write(programs.join(name), script).unwrap();
            fs::set_permissions(programs.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        machine
    }

    fn sources(&self) -> PathBuf {
        self.folder.path().join("elsewhere")
    }

    /// Returns a command in the sources' folder, with nothing of this process's environment.
    fn command(&self, program: &str, script: &str) -> Command {
        let programs = self.folder.path().join("bin");
        let mut command = Command::new(programs.join(program));
        if program == "bash" {
            command = Command::new(program);
            command.arg("-e");
        }
        command
            .args(["-c", script])
            .current_dir(self.sources())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", format!("{}:/usr/bin:/bin", programs.display()));
        command
    }

    /// Runs a part of the tests and returns their names from the JUnit file.
    fn run(&self, script: &str) -> Vec<String> {
        let mut shell = self.command("bash", script);
        succeeds(shell.env("FACTS", self.folder.path().join("facts")));
        let junit = fs::read_to_string(self.sources().join("target/nextest/ci/junit.xml")).unwrap();
        let cases = junit.split("<testcase name=\"").skip(1);
        let names = cases.map(|case| case.split('"').take(3).collect::<Vec<_>>().join(""));
        names.map(|name| name.replace(" classname=", " ")).collect()
    }

    fn facts(&self) -> Vec<String> {
        let facts = fs::read_to_string(self.folder.path().join("facts")).unwrap();
        facts.lines().map(str::to_owned).collect()
    }
}

/// The program, if it is installed.
fn nextest() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let folders = env::split_paths(&path).chain([home.join(".cargo/bin")]);
    let mut programs = folders.map(|folder| folder.join("cargo-nextest"));
    programs.find(|program| program.is_file())
}

/// Returns the commands of a step: those after `- run:` that begin as given, or the block of the step of this name.
fn step(workflow: &str, start: &str) -> String {
    let one_line = workflow.lines().find_map(|line| {
        let command = line.trim().strip_prefix("- run: ")?;
        command.starts_with(start).then(|| command.to_owned())
    });
    one_line.unwrap_or_else(|| {
        let (_, rest) = workflow.split_once(&format!("- name: {start}\n")).unwrap();
        let (_, block) = rest.split_once("        run: |\n").unwrap();
        let indent = "          ";
        let lines = block.lines().map_while(|line| match line {
            "" => Some(""),
            line => line.strip_prefix(indent),
        });
        lines.map(|line| format!("{line}\n")).collect()
    })
}

/// A crate with a workflow for three machines.
struct Project {
    folder: PathBuf,
    workflow: String,
    python: Python,
}

impl Project {
    fn new() -> Self {
        let python = Python::ask("python3".as_ref()).expect("a Python with a shared library");
        let folder = make_crate("many");
        // The workflow belongs to a repository, and this folder lies in that of this project.
        fs::create_dir(folder.join(".git")).unwrap();
        for words in ["init", "new facts"] {
            succeeds(subcommand(&folder).args(words.split(' ')));
        }
        fs::write(folder.join("pytests/facts.rs"), FACTS).unwrap();
        let words = ["ci", "github", "--shards", "3", "--python", python.minor()];
        succeeds(subcommand(&folder).args(words));
        succeeds(subcommand(&folder).args(["ci", "github", "--check"]));
        let workflow = folder.join(".github/workflows/pyo3-async-test.yml");
        Self {
            workflow: fs::read_to_string(workflow).unwrap(),
            folder,
            python,
        }
    }

    /// Takes the step that builds the archive.
    fn build(&self) {
        let archive = step(&self.workflow, "cargo nextest archive");
        let mut build = command("bash", &self.folder);
        build.args(["-e", "-c", &archive]);
        succeeds(build.env("PYO3_PYTHON", &self.python.executable));
    }

    /// The commands that run each part.
    fn parts(&self) -> impl Iterator<Item = String> {
        let script = step(&self.workflow, "Run the tests");
        (1..=3).map(move |shard| script.replace("${{ matrix.shard }}", &shard.to_string()))
    }

    fn assert_every_test_runs_once(&self, machine: &Machine) {
        let mut ran: Vec<String> = self.parts().flat_map(|part| machine.run(&part)).collect();
        ran.sort();
        let expected = [
            "facts rendered::facts",
            "runs_alone rendered::facts",
            "test_async_sleep rendered::test_example",
            "test_python_awaits_rust rendered::test_example",
            "test_sync_sleep rendered::test_example",
        ];
        assert_eq!(ran, expected);
    }

    fn assert_the_trial_runs_every_part(&self) {
        let mut trial = subcommand(&self.folder);
        trial
            .args(["ci", "github", "--try"])
            .env("PYO3_PYTHON", &self.python.executable)
            .env("FACTS", self.folder.join("facts"));
        let said = String::from_utf8(succeeds(&mut trial).stderr).unwrap();
        assert!(said.contains("     Running part 3 of 3\n"), "{said}");
        let end = "    Finished the workflow's steps, on this machine\n";
        assert!(said.ends_with(end), "{said}");
        fs::remove_file(self.folder.join("facts")).unwrap();
    }

    /// The test `facts` fails, because it lacks a variable.
    fn assert_a_failure_becomes_an_annotation(&self, machine: &Machine) {
        let fails = |part: &String| {
            let output = machine.command("bash", part).output();
            !output.unwrap().status.success()
        };
        assert!(self.parts().any(|part| fails(&part)));
        let script = step(&self.workflow, "Annotate the tests that failed");
        let output = succeeds(&mut machine.command("python", &script)).stdout;
        let annotation = String::from_utf8(output).unwrap();
        assert_eq!(annotation.lines().count(), 1, "{annotation}");
        let mut lines = FACTS.lines();
        let line = 1 + lines.position(|line| line.contains("\"FACTS\"")).unwrap();
        let title = "title=rendered%3A%3Afacts facts";
        let start = format!("::error file=pytests/facts.rs,line={line},{title}::");
        assert!(annotation.starts_with(&start), "{annotation}");
        assert!(annotation.contains("NotPresent"), "{annotation}");
    }
}

fn subcommand(folder: &Path) -> Command {
    command(env!("CARGO_BIN_EXE_cargo-pyo3-async-test"), folder)
}

#[test]
fn tests_that_are_built_once_run_in_parts_on_other_machines() {
    // `.ci/run` installs it.
    if nextest().is_none() {
        return;
    }
    let project = Project::new();
    project.assert_the_trial_runs_every_part();
    project.build();
    let python = &project.python;
    let machine = Machine::new(&project.folder, &python.executable);
    project.assert_every_test_runs_once(&machine);
    let expected = [python.version.as_str(), python.prefix.as_str()];
    assert_eq!(machine.facts()[..2], expected);
    project.assert_a_failure_becomes_an_annotation(&machine);

    let Some(other) = python.other() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let environment = folder.path().canonicalize().unwrap().join("environment");
    let make = ["-m", "venv", "--without-pip"];
    succeeds(Command::new(&other.executable).args(make).arg(&environment));
    let executable = environment.join("bin/python");
    let machine = Machine::new(&project.folder, &executable);
    project.assert_every_test_runs_once(&machine);
    let paths = [&environment, &executable, &other.library].map(|path| path.display().to_string());
    let [environment, executable, library] = paths;
    let expected = [other.version, environment, executable, library];
    assert_eq!(machine.facts(), expected);
}

#[test]
fn a_trial_without_cargo_nextest_names_the_way_out() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/ci_github/in");
    let sandbox = Sandbox::new(&case);
    let real = env::var("CARGO").unwrap();
    let script = format!("#!/bin/sh\n[ \"$1\" != nextest ] && exec '{real}' \"$@\"\nexit 101\n");
    let cargo = sandbox.script("cargo", &script);
    let mut command = sandbox.command();
    let output = sandbox.output(command.args(["ci", "github", "--try"]).env("CARGO", cargo));
    assert_eq!(output.code, 101);
    let error = "error: cargo-nextest is not installed: `cargo install cargo-nextest --locked`";
    assert!(output.stderr.contains(error), "{}", output.stderr);
}

/// Services look for workflows at the repository's root, and the workspace may lie below.
#[test]
fn a_workspace_below_the_repository_s_root_is_named_in_the_workflow() {
    let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/ci_github/in");
    let sandbox = Sandbox::new("none".as_ref());
    let folder = sandbox.project();
    fs::create_dir(folder.join(".git")).unwrap();
    succeeds(
        Command::new("cp")
            .arg("-r")
            .arg(&case)
            .arg(folder.join("rust")),
    );
    let manifest = folder.join("rust/Cargo.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    let text = text.replace("version = \"0.1.0\", f", "path = \"../vendor/pyo3-aio\", f");
    fs::write(manifest, text).unwrap();
    for service in ["github", "gitlab"] {
        let line = format!("ci {service} --shards 2 --manifest-path rust/Cargo.toml");
        let output = sandbox.run(&line);
        assert_eq!(
            (output.code, output.stderr.contains("warning")),
            (0, false),
            "{}",
            output.stderr
        );
        assert_eq!(sandbox.run(&format!("{line} --check")).code, 0);
    }
    let tree = sandbox.tree();
    assert!(tree.contains_key("rust/.config/nextest.toml"));
    for (file, lines) in [
        (
            ".github/workflows/pyo3-async-test.yml",
            &[
                "    working-directory: rust\n",
                "          workspaces: rust\n",
                "      - run: cargo install --locked --path ../vendor/pyo3-aio/cli\n",
                "          path: rust/tests.tar.zst\n",
                "          path: rust\n",
                "          path: rust/target/nextest/ci/junit.xml\n",
                "file=rust/{place[1]}",
            ][..],
        ),
        (
            ".gitlab/pyo3-async-test.yml",
            &[
                "    - cd rust\n",
                "      - rust/tests-$PYTHON.tar.zst\n",
                "      junit: rust/target/nextest/ci/junit.xml\n",
            ],
        ),
    ] {
        for line in lines {
            assert!(tree[file].contains(line), "{line} in {}", tree[file]);
        }
    }
}
