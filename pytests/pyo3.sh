#!/usr/bin/env bash
# Runs the conversions' tests from a crate that has another pyo3: `pytests/pyo3.sh VERSION [PYO3-FEATURE...]`.
#
# The library takes the pyo3 of the crate that uses it; this checks it for a minor version, or for the stable ABI
# (`pytests/pyo3.sh 0.30 abi3-py39`).
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
version=$1
shift
features=$(printf '"%s", ' macros "$@")
work=$target/pyo3-$version${1:+-$1}

rm -rf "$work/crate"
mkdir -p "$work/crate/src"
cp -r "$root/pytests" "$work/crate/pytests"
touch "$work/crate/src/lib.rs"
{
  cat <<TOML
[package]
name = "conversions"
version = "0.0.0"
edition = "2024"

[dependencies]
pyo3 = { version = "$version", features = [${features%, }] }

[dev-dependencies]
futures-channel = "0.3"
futures-core = "0.3"
pyo3-aio = { path = "$root", features = ["async-std-runtime", "smol-runtime", "testing", "tokio-runtime"] }
tokio = { version = "1.40", features = ["macros", "sync", "time"] }

[features]
# Of pyo3-aio; pyo3 0.27 has another interface for it.
experimental-inspect = []

[lints.rust]
unexpected_cfgs = { level = "warn", check-cfg = ["cfg(Py_GIL_DISABLED)"] }

[profile.dev]
debug = "line-tables-only"

[workspace]
TOML
  for name in test_tokio test_tokio_current_thread test_async_std test_smol; do
    printf '\n[[test]]\nname = "%s"\npath = "pytests/%s.rs"\nharness = false\n' "$name" "$name"
  done
} > "$work/crate/Cargo.toml"

RUSTFLAGS="-D warnings" CARGO_TARGET_DIR=$work/target cargo test --manifest-path "$work/crate/Cargo.toml" --tests
