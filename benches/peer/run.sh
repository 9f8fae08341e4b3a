#!/bin/sh
# Builds the comparison in release mode for the Python that is found, and runs it; the arguments are bench.py's.
#
# PYTHON chooses the interpreter (else `python3`), CARGO_TARGET_DIR the folder for what is built (else `target` here).
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/target}
PYO3_PYTHON=$("${PYTHON:-python3}" -c 'import sys; print(sys.executable)')
export PYO3_PYTHON
export PYO3_BUILD_EXTENSION_MODULE=1
version=$("$PYO3_PYTHON" -c 'import sys; print(sys.implementation.cache_tag)')
modules=$target/$version

cargo build --quiet --release --manifest-path "$here/Cargo.toml" --target-dir "$target"

mkdir -p "$modules"
for library in libbench_bridge.so libbench_bridge.dylib; do
    if [ -e "$target/release/$library" ]; then
        # Renamed into place: another run may have the former one loaded.
        cp "$target/release/$library" "$modules/bench_bridge.so.new"
        mv "$modules/bench_bridge.so.new" "$modules/bench_bridge.so"
    fi
done

PYTHONPATH=$modules${PYTHONPATH:+:$PYTHONPATH} PYTHONDONTWRITEBYTECODE=1 exec "$PYO3_PYTHON" "$here/bench.py" "$@"
