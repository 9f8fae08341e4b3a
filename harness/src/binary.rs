//! The test binary itself.

use std::path::Path;

/// Returns the name of the binary, without the hash that cargo puts behind it.
pub(crate) fn name() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    without_hash(
        path.file_stem()
            .unwrap_or(Path::new("tests").as_os_str())
            .to_string_lossy()
            .as_ref(),
    )
    .to_owned()
}

fn without_hash(stem: &str) -> &str {
    match stem.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => {
            name
        }
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hash_is_cut_off() {
        assert_eq!(without_hash("my-suite-0123456789abcdef"), "my-suite");
        assert_eq!(without_hash("my-suite"), "my-suite");
    }
}
