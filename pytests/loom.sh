#!/usr/bin/env bash
# Has loom try every order of what Rust threads and an event loop do to wake each other: `pytests/loom.sh`.
#
# The models are a crate of their own, since loom's cfg holds for all crates of a build.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
work=$target/loom

mkdir -p "$work/crate"
cat > "$work/crate/Cargo.toml" <<TOML
[package]
name = "models"
version = "0.0.0"
edition = "2024"

[lib]
path = "$root/pytests/loom/lib.rs"

[dependencies]
loom = "0.7"

[lints.rust]
dead_code = "allow"
unexpected_cfgs = { level = "warn", check-cfg = ["cfg(loom)"] }

[profile.dev]
debug = false

[workspace]
TOML

# Without a limit the models take a minute.
export LOOM_MAX_PREEMPTIONS=5
RUSTFLAGS="--cfg loom -D warnings" CARGO_TARGET_DIR=$work/target cargo test --manifest-path "$work/crate/Cargo.toml" --lib
