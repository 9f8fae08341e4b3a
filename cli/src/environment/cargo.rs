//! Calls of cargo.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};

use cargo_metadata::{Metadata, MetadataCommand};

use crate::cli::CargoFlags;

/// The cargo that started this subcommand, or else the one on `PATH`.
pub(crate) fn program() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs `cargo metadata` without resolving dependencies.
pub(crate) fn metadata(
    manifest: &Path,
    flags: &CargoFlags,
) -> Result<Metadata, cargo_metadata::Error> {
    MetadataCommand::new()
        .cargo_path(program())
        .manifest_path(manifest)
        .no_deps()
        .other_options(flags.to_args())
        .exec()
}

/// Runs `cargo metadata` with all dependencies, and `--locked`, as it would write Cargo.lock otherwise.
pub(crate) fn resolve(
    manifest: &Path,
    flags: &CargoFlags,
) -> Result<Metadata, cargo_metadata::Error> {
    let mut options = flags.to_args();
    if !flags.locked {
        options.push("--locked".to_owned());
    }
    MetadataCommand::new()
        .cargo_path(program())
        .manifest_path(manifest)
        .other_options(options)
        .exec()
}

impl CargoFlags {
    /// Returns the flags as cargo takes them.
    pub(crate) fn to_args(&self) -> Vec<String> {
        let flags = [
            (self.locked, "--locked"),
            (self.offline, "--offline"),
            (self.frozen, "--frozen"),
        ];
        let given = flags.into_iter().filter(|(is_given, _)| *is_given);
        given.map(|(_, flag)| flag.to_owned()).collect()
    }
}

/// Returns a command for cargo without the variables that an outer cargo has set.
pub(crate) fn in_own_environment() -> Command {
    let mut command = Command::new(program());
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(is_set_by_cargo) {
            command.env_remove(name);
        }
    }
    for name in LIBRARY_PATHS {
        match env::var_os(name).map(|value| without_ours(&value)) {
            Some(left) if left.is_empty() => command.env_remove(name),
            Some(left) => command.env(name, left),
            None => &mut command,
        };
    }
    command
}

/// Converts cargo's exit status: 101 if a signal ended it.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    ExitCode::from(code.unwrap_or(101))
}

const LIBRARY_PATHS: [&str; 2] = ["LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"];

/// Whether cargo sets the variable for the programs that it runs. Variables that users set for cargo, such as
/// `CARGO_HOME`, `CARGO_TARGET_DIR` or `CARGO_NET_OFFLINE`, are not among them.
fn is_set_by_cargo(name: &str) -> bool {
    const NAMES: [&str; 11] = [
        "CARGO",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_MAKEFLAGS",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_LINKS",
        "CARGO_MANIFEST_PATH",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_RUSTC_CURRENT_DIR",
        "CARGO_TARGET_TMPDIR",
        "OUT_DIR",
    ];
    const PREFIXES: [&str; 4] = [
        "CARGO_PKG_",
        "CARGO_BIN_EXE_",
        "CARGO_CFG_",
        "CARGO_FEATURE_",
    ];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Removes the folders of this program's build and of the compiler, which cargo has added.
fn without_ours(paths: &OsString) -> OsString {
    let build = env::current_exe()
        .ok()
        .and_then(|exe| exe.parent().map(Path::to_owned));
    let is_ours = |folder: &PathBuf| {
        let is_build = build
            .as_ref()
            .is_some_and(|build| folder.starts_with(build));
        is_build || folder.join("rustlib").is_dir()
    };
    let left = env::split_paths(paths).filter(|folder| !is_ours(folder));
    env::join_paths(left).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::is_set_by_cargo;

    #[test]
    fn variables_that_users_set_for_cargo_stay() {
        for name in [
            "CARGO_HOME",
            "CARGO_TARGET_DIR",
            "CARGO_NET_OFFLINE",
            "RUSTFLAGS",
            "PATH",
        ] {
            assert!(!is_set_by_cargo(name), "{name}");
        }
        for name in ["CARGO", "CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "OUT_DIR"] {
            assert!(is_set_by_cargo(name), "{name}");
        }
    }
}
