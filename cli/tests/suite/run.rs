//! `run` and `runner` start programs where they find libpython, and pass everything on.

use std::fs;
use std::process::Command;

use crate::sandbox::Sandbox;

const MANIFEST: &str = r#"[package]
name = "demo"
version = "0.1.0"
edition = "2021"

[features]
slow = []

[[test]]
name = "shows"
path = "pytests/shows.rs"
harness = false

[[test]]
name = "slow"
path = "pytests/slow.rs"
harness = false
required-features = ["slow"]
"#;

/// A test that shows how it was started. Its harness has the name of the real one, and that is enough.
const TEST: &str = r#"mod testing {
    pub fn main() {
        let words: Vec<String> = std::env::args().skip(1).collect();
        println!("{}: {words:?}", env!("CARGO_CRATE_NAME"));
        println!("path: {}", std::env::var("LD_LIBRARY_PATH").unwrap_or_default());
        std::process::exit(if words.contains(&"fail".to_owned()) { 101 } else { 0 });
    }
}

fn main() {
    testing::main();
}
"#;

fn project() -> Sandbox {
    let sandbox = Sandbox::new("none".as_ref());
    let folder = sandbox.project();
    fs::create_dir_all(folder.join("pytests")).unwrap();
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    fs::write(folder.join("Cargo.toml"), MANIFEST).unwrap();
    for name in ["shows", "slow", "forgotten"] {
        fs::write(folder.join(format!("pytests/{name}.rs")), TEST).unwrap();
    }
    sandbox
}

#[test]
fn run_starts_the_registered_targets_with_filter_and_arguments() {
    let sandbox = project();
    let output = sandbox.run("run some_filter -- --exact --test-threads 1");
    assert_eq!(output.code, 0, "{}", output.stderr);
    let announcement = "    Building the tests for the first time";
    assert!(output.stderr.contains(announcement), "{}", output.stderr);
    let again = sandbox.run("run");
    assert!(!again.stderr.contains(announcement), "{}", again.stderr);
    let words = r#"["some_filter", "--exact", "--test-threads", "1"]"#;
    assert!(
        output.stdout.contains(&format!("shows: {words}")),
        "{}",
        output.stdout
    );
    assert!(!output.stdout.contains("slow: "), "{}", output.stdout);
    assert!(!output.stdout.contains("forgotten: "), "{}", output.stdout);
    let warning = "warning: `slow` is left out: it needs `--features slow`";
    assert!(output.stderr.contains(warning), "{}", output.stderr);
}

#[test]
fn run_starts_the_tests_inside_the_library() {
    let sandbox = project();
    let manifest = format!("{MANIFEST}\n[lib]\nharness = false\n");
    fs::write(sandbox.project().join("Cargo.toml"), manifest).unwrap();
    fs::write(sandbox.project().join("src/lib.rs"), TEST).unwrap();
    let output = sandbox.run("run some_filter");
    assert_eq!(output.code, 0, "{}", output.stderr);
    for target in ["demo", "shows"] {
        let started = format!("{target}: [\"some_filter\"]");
        assert!(output.stdout.contains(&started), "{}", output.stdout);
    }
}

#[test]
fn run_passes_features_on_and_gives_the_exit_code() {
    let sandbox = project();
    let output = sandbox.run("run --features slow --no-fail-fast fail");
    assert_eq!(output.code, 101, "{}", output.stderr);
    assert!(
        output.stdout.contains("shows: [\"fail\"]"),
        "{}",
        output.stdout
    );
    assert!(
        output.stdout.contains("slow: [\"fail\"]"),
        "{}",
        output.stdout
    );
}

#[test]
fn run_puts_the_folder_of_libpython_last() {
    let sandbox = project();
    let output = sandbox.output(sandbox.command().arg("run").env("LD_LIBRARY_PATH", "/mine"));
    let path = output
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("path: "));
    assert!(
        path.is_some_and(|path| path.ends_with("/mine:/usr/lib")),
        "{}",
        output.stdout
    );
}

#[test]
fn run_finds_the_manifest_that_pyproject_names() {
    let sandbox = project();
    let (folder, native) = (sandbox.project(), sandbox.project().join("rust"));
    fs::create_dir(&native).unwrap();
    for name in ["Cargo.toml", "src", "pytests"] {
        fs::rename(folder.join(name), native.join(name)).unwrap();
    }
    let pyproject = "[tool.maturin]\nmanifest-path = \"rust/Cargo.toml\"\n";
    fs::write(folder.join("pyproject.toml"), pyproject).unwrap();
    let output = sandbox.run("run some_filter");
    assert_eq!(output.code, 0, "{}", output.stderr);
    assert!(
        output.stdout.contains("shows: [\"some_filter\"]"),
        "{}",
        output.stdout
    );
}

fn runner(sandbox: &Sandbox, words: &[&str]) -> Command {
    let mut command = sandbox.command();
    command.arg("runner").args(words);
    command
}

#[test]
fn runner_passes_every_argument_on() {
    let sandbox = project();
    let words = [
        "sh",
        "-c",
        "echo \"$@\"; exit 7",
        "sh",
        "-q",
        "--color",
        "never",
        "--",
        "-n",
        "-V",
    ];
    let output = sandbox.output(&mut runner(&sandbox, &words));
    assert_eq!(output.code, 7);
    assert_eq!(output.stdout, "-q --color never -- -n -V\n");
}

#[test]
fn runner_prepares_the_environment() {
    let sandbox = project();
    let output = sandbox.output(&mut runner(
        &sandbox,
        &["sh", "-c", "echo $LD_LIBRARY_PATH"],
    ));
    assert_eq!(output.stdout, "/usr/lib\n");
}

#[test]
fn runner_starts_programs_where_there_is_no_python() {
    let sandbox = project();
    let mut command = runner(&sandbox, &["sh", "-c", "echo started"]);
    let output = sandbox.output(command.env("PYO3_PYTHON", "/does/not/exist"));
    assert_eq!((output.code, output.stdout.as_str()), (0, "started\n"));
}

#[test]
fn runner_tells_what_it_cannot_start() {
    let sandbox = project();
    let output = sandbox.output(&mut runner(&sandbox, &["/does/not/exist"]));
    assert_eq!(output.code, 101);
    assert!(
        output
            .stderr
            .starts_with("error: cannot run `/does/not/exist`"),
        "{}",
        output.stderr
    );
}
