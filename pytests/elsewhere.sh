#!/usr/bin/env bash
# Checks what is meant for other systems, as far as Linux can: `pytests/elsewhere.sh`.
#
# It compiles copies of the sources in which the systems have changed places. What only the other system's own
# libraries have is not seen.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
work=$target/elsewhere

# NAME SCRIPT: checks a copy whose sources the sed script has changed.
check() {
  echo "as on $1"
  rm -rf "${work:?}/$1"
  mkdir -p "$work/$1"
  git -C "$root" ls-files -z | tar -c -C "$root" --null --files-from=- | tar -x -C "$work/$1"
  (
    cd "$work/$1"
    find harness/src src cli/src -name '*.rs' -exec sed -i -e "$2" {} +
    RUSTFLAGS="-D warnings" CARGO_TARGET_DIR=$work/target cargo check --quiet --all-features \
      -p libtest-async -p pyo3-aio -p cargo-pyo3-async-test
  )
}

check macos '
  s/target_os = "linux"/target_os = "windows"/g
  s/target_os = "macos"/target_os = "linux"/g
  s/target_vendor = "apple"/target_os = "linux"/g
  s/libc::__error()/libc::__errno_location()/
'

# What stands for a Unix is false, and its interfaces are not there.
check windows '
  s/cfg(unix)/cfg(any())/g
  s/cfg!(unix)/cfg!(any())/g
  s/cfg_attr(unix,/cfg_attr(any(),/g
  s/not(unix)/not(any())/g
  s/\bunix,/any(),/g
  s/target_os = "\(linux\|macos\)"/target_os = "windows"/g
  s/std::os::\(unix\|fd\)/std::os::gone/g
  s/\blibc::/gone::/g
'
