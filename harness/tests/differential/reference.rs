//! The bodies under Rust's own harness.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The versions of Rust that the matrix and the exemptions are made for.
const KNOWN: &[&str] = &["1.95.", "1.97.0-nightly"];

/// Returns the version of Rust that the cases are compiled with, or why they are not.
pub(crate) fn toolchain() -> Result<String, String> {
    let output = Command::new("rustc").arg("--version").output();
    let output = output.map_err(|error| format!("rustc cannot be started: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let version = text
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    if KNOWN.iter().any(|known| version.starts_with(known)) {
        Ok(version)
    } else {
        Err(format!("the libtest of {text} is not known here"))
    }
}

/// Returns the path of a binary, after having built all of them once.
pub(crate) fn binary(name: &str) -> &'static Path {
    static BINARIES: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    BINARIES
        .get_or_init(build)
        .get(name)
        .unwrap_or_else(|| panic!("{name} was not built"))
}

fn build() -> BTreeMap<String, PathBuf> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("differential");
    let manifest =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/differential/cases/Cargo.toml");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "test",
            "--no-run",
            "--offline",
            "--locked",
            "--message-format=json",
        ])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(target)
        .env_remove("CARGO_BUILD_TARGET")
        .env_remove("RUSTFLAGS")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    messages.lines().filter_map(executable).collect()
}

/// Returns the name and the path in a message of cargo's, if it tells of an executable.
fn executable(message: &str) -> Option<(String, PathBuf)> {
    let (_, rest) = message.split_once("\"executable\":\"")?;
    let path = PathBuf::from(rest.split_once('"')?.0.replace("\\\\", "\\"));
    let stem = path.file_stem()?.to_str()?;
    let (name, _hash) = stem.rsplit_once('-')?;
    Some((name.to_owned(), path))
}
