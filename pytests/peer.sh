#!/usr/bin/env bash
# Runs the integration tests of pyo3-async-runtimes 0.30, as published and unchanged, against this library.
#
# The published crate is fetched by cargo; nothing of it is kept in the repository. The tests import uvloop: the Python
# that is found must have it.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
work=$target/peer
version=0.30.0

# The published sources, wherever cargo keeps them.
rm -rf "$work"
mkdir -p "$work/fetch/src"
cat > "$work/fetch/Cargo.toml" <<TOML
[package]
name = "fetch"
version = "0.0.0"
edition = "2021"

[dependencies]
pyo3-async-runtimes = "=$version"

[workspace]
TOML
touch "$work/fetch/src/lib.rs"
manifest=$(cargo metadata --format-version 1 --manifest-path "$work/fetch/Cargo.toml" |
  python3 -c '
import json, sys
for package in json.load(sys.stdin)["packages"]:
    if package["name"] == "pyo3-async-runtimes":
        print(package["manifest_path"])
')
published=$(dirname "$manifest")

# A crate that has its tests, and this library under its name.
mkdir -p "$work/suite/src"
cp -r "$published/pytests" "$work/suite/pytests"
chmod -R u+w "$work/suite/pytests"
touch "$work/suite/src/lib.rs"
{
  cat <<TOML
[package]
name = "suite"
version = "0.0.0"
edition = "2021"

[features]
default = ["unstable-streams"]
unstable-streams = []

[dev-dependencies]
async-std = { version = "1.12", features = ["unstable"] }
futures-util = "0.3"
pyo3 = { version = "0.30", features = ["macros"] }
pyo3-async-runtimes = { package = "pyo3-aio", path = "$root", features = ["async-std-runtime", "testing", "tokio-runtime", "unstable-streams"] }
tokio = { version = "1.13", features = ["rt", "rt-multi-thread", "time"] }

[profile.dev]
debug = "line-tables-only"

[workspace]
TOML
  for file in "$work"/suite/pytests/*.rs; do
    name=$(basename "$file" .rs)
    printf '\n[[test]]\nname = "%s"\npath = "pytests/%s.rs"\nharness = false\n' "$name" "$name"
  done
} > "$work/suite/Cargo.toml"
cp "$root/Cargo.lock" "$work/suite/Cargo.lock"

CARGO_TARGET_DIR=$work/target cargo test --manifest-path "$work/suite/Cargo.toml" --tests "$@"
diff -r "$published/pytests" "$work/suite/pytests"
echo "the tests of pyo3-async-runtimes $version pass, unchanged"
