//! cargo's setting `build.build-dir`, which can keep tests from finding libpython.

use std::env;
use std::fs;
use std::path::PathBuf;

use super::out_dir;

/// Warns when `OUT_DIR` lies outside of the target folder: the loader will not find libpython then.
///
/// cargo puts only search paths inside the target folder on the loader's path, and does not tell a build script which
/// folder that is. So this assumes the worst where `build.build-dir` is set and no folder above `OUT_DIR` is called
/// `target`.
pub(super) fn warn() {
    println!("cargo::rerun-if-env-changed=CARGO_BUILD_BUILD_DIR");
    let out_dir = out_dir();
    let inside = env::var_os("CARGO_TARGET_DIR").map_or_else(
        || {
            out_dir
                .components()
                .any(|part| part.as_os_str() == "target")
        },
        |target| out_dir.starts_with(target),
    );
    if !inside && is_build_dir_configured() {
        println!(
            "cargo::warning=`build.build-dir` lies outside of the target folder: cargo will not let tests find \
             libpython. Unset it, or run the tests with `cargo pyo3-async-test run`"
        );
    }
}

fn is_build_dir_configured() -> bool {
    if env::var_os("CARGO_BUILD_BUILD_DIR").is_some() {
        return true;
    }
    let start = env::var_os("PWD").map(PathBuf::from).unwrap_or_default();
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let folders = start.ancestors().map(|folder| folder.join(".cargo"));
    folders.chain(home).any(|folder| {
        ["config.toml", "config"].iter().any(|name| {
            fs::read_to_string(folder.join(name)).is_ok_and(|text| sets_build_dir(&text))
        })
    })
}

fn sets_build_dir(config: &str) -> bool {
    let mut lines = config.lines().map(str::trim_start);
    lines.any(|line| line.starts_with("build-dir") || line.starts_with("build.build-dir"))
}

#[cfg(test)]
mod tests {
    use super::sets_build_dir;

    #[test]
    fn a_build_dir_is_seen_in_either_spelling() {
        assert!(sets_build_dir("[build]\nbuild-dir = \"/tmp/x\""));
        assert!(sets_build_dir("build.build-dir = \"/tmp/x\""));
        assert!(!sets_build_dir("[build]\n# build-dir\ntarget-dir = \"x\""));
    }
}
