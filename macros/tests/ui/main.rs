//! Misuse of the attributes, as the compiler reports it: the message, at the line of the mistake.
//!
//! Each file in `cases/` has `//~ text` at the lines where an error is to be that has the text in it. What else the
//! compiler says differs from version to version, and is not looked at.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MANIFEST: &str = r#"[package]
name = "ui"
version = "0.1.0"
edition = "2024"
publish = false

[dependencies]
pyo3 = "0.30"
pyo3-aio = { path = "$CHECKOUT", features = ["async-std-runtime", "smol-runtime", "testing", "tokio-runtime"] }

[workspace]
"#;

/// An error, or where one is expected: the case, the line and the message.
type Place = (String, usize, String);

#[test]
fn every_mistake_is_reported_where_it_was_made() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui/cases");
    let folder = make_crate(&cases);
    let errors = check(&folder);
    let expected = expected(&cases);
    assert!(expected.len() > 10);
    for (case, line, text) in &expected {
        let is_it = |error: &&Place| error.0 == *case && error.1 == *line && error.2.contains(text);
        assert!(
            errors.iter().any(|error| is_it(&error)),
            "{case}:{line}: {text}\n{errors:#?}"
        );
    }
    let places: BTreeSet<_> = expected
        .iter()
        .map(|(case, line, _)| (case, line))
        .collect();
    for (case, line, text) in &errors {
        assert!(
            places.contains(&(case, line)),
            "unexpected: {case}:{line}: {text}"
        );
    }
}

fn make_crate(cases: &Path) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    if folder.join("examples").exists() {
        fs::remove_dir_all(folder.join("examples")).unwrap();
    }
    fs::create_dir_all(folder.join("examples")).unwrap();
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), "").unwrap();
    let manifest = MANIFEST.replace("$CHECKOUT", checkout.to_str().unwrap());
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    // The same versions as here, so that nothing has to be fetched.
    fs::copy(checkout.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    for entry in fs::read_dir(cases).unwrap() {
        let entry = entry.unwrap();
        fs::copy(
            entry.path(),
            folder.join("examples").join(entry.file_name()),
        )
        .unwrap();
    }
    folder
}

/// Has cargo check all cases, and returns the errors.
fn check(folder: &Path) -> Vec<Place> {
    let output = Command::new(env::var_os("CARGO").unwrap())
        .args(["check", "--offline", "--examples", "--keep-going"])
        .args(["--message-format", "short"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{text}");
    let errors: Vec<Place> = text.lines().filter_map(error).collect();
    assert!(!errors.is_empty(), "{text}");
    errors
}

/// Reads `examples/case.rs:3:7: error[E0277]: text`.
fn error(line: &str) -> Option<Place> {
    let (file, rest) = line.strip_prefix("examples/")?.split_once(':')?;
    let (number, rest) = rest.split_once(':')?;
    let (_column, rest) = rest.split_once(": ")?;
    let text = rest.strip_prefix("error")?;
    Some((file.to_owned(), number.parse().ok()?, text.to_owned()))
}

fn expected(cases: &Path) -> Vec<Place> {
    let mut expected = Vec::new();
    for entry in fs::read_dir(cases).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        for (index, line) in fs::read_to_string(&path).unwrap().lines().enumerate() {
            if let Some((_, text)) = line.split_once("//~ ") {
                expected.push((name.clone(), index + 1, text.to_owned()));
            }
        }
    }
    expected
}
