//! The test binary itself.

use std::path::Path;

/// Returns the name of the binary, without the hash that cargo puts behind it.
pub(crate) fn name() -> String {
    without_hash(&stem()).to_owned()
}

/// Returns the name of the binary, with the hash: binaries of several packages may be called the
/// same, and lie in the same folder. The hash survives changes of the code.
pub(crate) fn stem() -> String {
    let path = std::env::current_exe().unwrap_or_default();
    let stem = path.file_stem().unwrap_or(Path::new("tests").as_os_str());
    stem.to_string_lossy().into_owned()
}

/// Returns the name of the binary, with the package's name before it if cargo sets the variable for that.
pub(crate) fn qualified_name() -> String {
    qualified(std::env::var("CARGO_PKG_NAME").ok().as_deref(), &name())
}

fn qualified(package: Option<&str>, name: &str) -> String {
    match package {
        // The unit tests of a package are called like it.
        Some(package) if package.replace('-', "_") != name.replace('-', "_") => {
            format!("{package}.{name}")
        }
        _ => name.to_owned(),
    }
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

    #[test]
    fn a_package_is_named_where_it_is_known_and_another_word() {
        assert_eq!(qualified(Some("my-app"), "suite"), "my-app.suite");
        assert_eq!(qualified(Some("my-app"), "my_app"), "my_app");
        assert_eq!(qualified(None, "suite"), "suite");
    }
}
