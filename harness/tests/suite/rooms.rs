//! The rooms of the crate: a module uses only what stands in an earlier room, or in its own.

use std::fs;
use std::path::Path;

crate::tests!(a_room_uses_only_those_before_it,);

/// The folders and files in `src`, lowest first. Those in one line do not use each other.
const ROOMS: [&[&str]; 7] = [
    &["block_on", "oneshot", "process", "unwind"],
    &["args", "capture", "trial"],
    &["event", "shared"],
    &["job", "plan"],
    &["isolate", "report"],
    &["schedule"],
    &["run"],
];

fn a_room_uses_only_those_before_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(&source).unwrap() {
        let path = entry.unwrap().path();
        let room = path.file_stem().unwrap().to_str().unwrap();
        // These are tables of contents, and what macros expand to.
        if !["lib", "macros"].contains(&room) {
            let rank = rank(room).unwrap_or_else(|| panic!("{room} is in no room"));
            check(&path, room, rank);
        }
    }
}

fn rank(room: &str) -> Option<usize> {
    ROOMS.iter().position(|rooms| rooms.contains(&room))
}

fn check(path: &Path, room: &str, rank_of_room: usize) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            check(&entry.unwrap().path(), room, rank_of_room);
        }
        return;
    }
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    for used in lines.flat_map(|line| line.split("crate::").skip(1)) {
        let name = used
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .next();
        let used = name.unwrap_or_default();
        if let Some(rank_of_used) = rank(used).filter(|_| used != room) {
            assert!(
                rank_of_used < rank_of_room,
                "{} uses crate::{used}, whose room does not come before it",
                path.display()
            );
        }
    }
}
