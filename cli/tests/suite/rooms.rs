//! The rooms of the subcommand's source: a module uses only the rooms below its own.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the crate root, lowest first.
const ROOMS: [&str; 8] = [
    "runtime",
    "cli",
    "shell",
    "environment",
    "project",
    "plan",
    "apply",
    "commands",
];

#[test]
fn a_module_uses_only_the_rooms_below_its_own() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut uses = 0;
    for (rank, room) in ROOMS.iter().enumerate() {
        for file in files(&source, room) {
            let text = fs::read_to_string(&file).unwrap();
            for used in text.split("crate::").skip(1) {
                let used = used.split(|c: char| !(c.is_alphanumeric() || c == '_'));
                let used = used.take(1).collect::<String>();
                // Other names stand in the source texts of unit tests.
                let Some(below) = ROOMS.iter().position(|room| *room == used) else {
                    continue;
                };
                assert!(below <= rank, "{} uses `{used}`", file.display());
                uses += 1;
            }
        }
    }
    assert!(uses > 50, "the source has been read");
}

#[test]
fn every_module_is_in_a_room() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(source).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert!(name == "main" || ROOMS.contains(&name), "{name}");
    }
}

/// The files of a room.
fn files(source: &Path, room: &str) -> Vec<PathBuf> {
    let mut files = vec![source.join(format!("{room}.rs"))];
    let mut folders = vec![source.join(room)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    files
}
