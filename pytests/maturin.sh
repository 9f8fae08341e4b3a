#!/usr/bin/env bash
# What somebody does who begins: `maturin new`, `init`, `cargo test`, and nothing else in between.
#
# maturin has to be on PATH; it chooses the version of pyo3. The same goes for `init --lib` after that, and the wheel has to
# hold a module that does without libpython.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
# Not below the target folder, which may be part of a workspace.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cargo build --quiet --manifest-path "$root/Cargo.toml" -p cargo-pyo3-async-test --target-dir "$target"
export PATH=$target/debug:$PATH

cd "$work"
maturin new --bindings pyo3 fresh
cd fresh
# What is built of the dependencies is kept.
export CARGO_TARGET_DIR=$target/maturin-target
cargo pyo3-async-test init
cargo test 2>&1 | tee "$work/log"
grep -qx 'test test_async_sleep ... ok' "$work/log"

cargo pyo3-async-test init --lib --name example_lib
cargo test 2>&1 | tee "$work/log"
grep -qx 'test test_async_sleep ... ok' "$work/log"
cargo pyo3-async-test doctor

# What is shipped does not need what the tests were linked with.
maturin build --quiet --out "$work/wheels"
python3 -m zipfile -e "$work"/wheels/*.whl "$work/installed"
if grep -aq 'libpython3' "$work"/installed/fresh/*.so; then
  echo "the wheel needs libpython"
  exit 1
fi
(cd "$work/installed" && python3 -c 'import fresh; assert fresh.sum_as_string(2, 3) == "5"')
echo "a crate that maturin has made passes its tests"
