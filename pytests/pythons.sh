#!/usr/bin/env bash
# Runs all tests on other Pythons: `pytests/pythons.sh VERSION...`, as in `pytests/pythons.sh 3.9 3.14 3.13t`; or those that
# the arguments for cargo choose: `pytests/pythons.sh VERSION... -- -p pyo3-aio`. `pytests/pythons.sh --list` names those
# versions with the GIL that are found without a chroot.
#
# A `t` after the version stands for CPython without the GIL. The script looks for a Python
#   in PYTHONS_PREFIX/VERSION, if that variable is set: installed there from source;
#   among pyenv's versions;
#   on PATH, as pythonVERSION;
#   in PYTHONS_CHROOT/usr/bin, if that variable is set: a Linux of its own, with gcc and git, made by debootstrap for
#   example. The tests run in there with the Rust of this machine. This takes root.
# It says where it has found each one, and prints a table at the end. It fails if a test has failed, or if a Python was not
# found. Each Python gets a target folder, which is deleted after its tests unless PYTHONS_KEEP is set. The logs stay.
# PYTHONS_TARGET=FOLDER makes the Pythons share one, which is kept: half of what is built does not depend on Python.
#
# PYTHONS_PYO3=VERSION takes another pyo3 than Cargo.lock. Without it, 3.13t takes 0.28, the newest that supports 3.13t.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=${CARGO_TARGET_DIR:-$root/target}/pythons

# A shell in the background has SIGINT ignored, for its children too, and some tests are about Ctrl-C.
if [ -z "${SIGNALS_ARE_DEFAULT:-}" ]; then
  SIGNALS_ARE_DEFAULT=1 exec env --default-signal=INT,QUIT bash "$0" "$@"
fi

# VERSION: sets `python` and `chroot`, the root folder that the Python is in.
find_python() {
  local version=$1 plain=${1%t} candidate
  local candidates=()
  [ -z "${PYTHONS_PREFIX:-}" ] || candidates+=("$PYTHONS_PREFIX/$version/bin/python3")
  for candidate in "${PYENV_ROOT:-$HOME/.pyenv}/versions/$plain".*; do
    case $candidate,$version in
      *t,*t | *[0-9],*[0-9]) candidates+=("$candidate/bin/python3") ;;
    esac
  done
  # pyenv puts programs on PATH that stand for every version, and fail.
  candidates+=("$(command -v "python$version" || true)")
  for candidate in "${candidates[@]}"; do
    if [ -x "$candidate" ] && "$candidate" -c '' 2>/dev/null; then
      chroot='' python=$candidate
      return
    fi
  done
  chroot=${PYTHONS_CHROOT:-} python=/usr/bin/python$version
  [ -n "$chroot" ] && [ -x "$chroot$python" ]
}

# FOLDER VERSION: makes a copy of the sources whose lock file has another pyo3.
copy_with_pyo3() {
  mkdir -p "$1"
  git -C "$root" ls-files -z | tar -c -C "$root" --null --files-from=- | tar -x -C "$1"
  local newest
  newest=$(cd "$1" && cargo info --quiet "pyo3@$2" 2>/dev/null | sed -n 's/^version: \([^ ]*\).*/\1/p')
  (cd "$1" && cargo update --quiet pyo3 --precise "${newest:-$2}")
}

# PYTHON ENVIRONMENT LIST: makes a virtual environment with the packages that can be had for this Python.
install_packages() {
  local package
  "$1" -m venv --clear "$2"
  while read -r package; do
    "$2/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: "$package" ||
      echo "$package cannot be installed"
  done < <(grep -v '^#' "$3")
}

# FOLDER SOURCES PYTHON VERSION [ARGUMENT...]: runs the tests, with logs in the folder. Within a chroot it runs there.
test_python() {
  local folder=$1 sources=$2 python=$3 version=$4
  shift 4
  local bin=$folder/bin venv=$folder/venv log=$folder/tests.log
  mkdir -p "$bin" "$folder/home" "$folder/tmp"
  # cargo finds the interpreter by its plainest names.
  local before=$bin:$CARGO_HOME/bin
  if [ -x "$(dirname "$python")/python" ]; then
    before=$(dirname "$python"):$before
  else
    ln -sf "$python" "$bin/python"
    ln -sf "$python" "$bin/python3"
  fi

  local variables=(PATH="$before:/usr/local/bin:/usr/bin:/bin" HOME="$folder/home" TMPDIR="$folder/tmp")
  variables+=(CARGO_HOME="$CARGO_HOME" RUSTUP_HOME="$RUSTUP_HOME" PYENV_ROOT="${PYENV_ROOT:-$HOME/.pyenv}")
  variables+=(CARGO_TARGET_DIR="${PYTHONS_TARGET:-$folder/target}" CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never)
  # An extension module that does not say that it can do without the GIL would switch the GIL on.
  case $version in *t) variables+=(PYTHON_GIL=0 PYO3_AIO_STRESS="${PYO3_AIO_STRESS:-100000}") ;; esac
  local network
  mapfile -t network < <(env | grep -iE '^((https?|no)_proxy|ssl_cert_file|cargo_http_[a-z_]+)=')
  run() { (cd "$sources" && env -i "${variables[@]}" "${network[@]}" "$@"); }

  # The tests of programs import the example, which cargo builds by itself unless the arguments name tests. (`--examples` would
  # build its tests.)
  run cargo build -p pyo3-aio --all-features --example extension > "$folder/example.log" 2>&1 || true
  run cargo test "$@" --no-fail-fast > "$log" 2>&1 || true
  # Tests of skipping itself are skipped here too.
  local skipped
  mapfile -t skipped < <(sed -nE 's/^test (.*) \.\.\. ignored, .*/\1/p' "$log" | grep -v '^attributes::marks::' | sort -u)
  if [ ${#skipped[@]} -gt 0 ]; then
    install_packages "$python" "$venv" "$sources/pytests/optional-packages.txt" 2> "$folder/pip.log"
    run PYO3_ASYNC_TEST_PYTHON="$venv" cargo test "$@" --no-fail-fast --tests -- --exact "${skipped[@]}" \
      > "$log.more" 2>&1 || true
  fi
}

# LOG... : the sum of a column of the lines `test result: ok. 1 passed; 0 failed; 0 ignored; ...`.
sum() {
  local word=$1
  shift
  sed -nE "s/^test result: .* ([0-9]+) $word;.*/\1/p" "$@" | awk '{ sum += $1 } END { print sum + 0 }'
}

# VERSION: finds the Python, runs its tests and adds a line to the table.
of_version() {
  local version=$1 python chroot folder=$work/$1 sources=$root pyo3
  if ! find_python "$version"; then
    printf '%s|not found||||\n' "$version" >> "$table"
    return
  fi
  echo "== Python $version: ${chroot:+in a chroot, }$python"
  rm -rf "$folder"
  mkdir -p "$folder"
  pyo3=${PYTHONS_PYO3:-}
  case $version in 3.13t) pyo3=${pyo3:-0.28} ;; esac
  if [ -n "$pyo3" ]; then
    sources=$folder/sources
    copy_with_pyo3 "$sources" "$pyo3"
  fi
  pyo3=$(grep -A 1 -Fx 'name = "pyo3"' "$sources/Cargo.lock" | sed -n 's/^version = "\(.*\)"/\1/p')

  if [ -z "$chroot" ]; then
    test_python "$folder" "$sources" "$python" "$version" "${arguments[@]}"
  else
    in_chroot "$chroot" "$folder" "$sources" "$python" "$version" "${arguments[@]}"
  fi

  local logs=("$folder"/tests.log*) full within=()
  [ -z "$chroot" ] || within=(chroot "$chroot")
  full=$("${within[@]}" "$python" -c 'import sys; print(sys.version.split()[0])')
  local passed failed skipped
  passed=$(sum passed "${logs[@]}") failed=$(sum failed "${logs[@]}")
  skipped=$(grep -cE '^test .* \.\.\. ignored, ' "$folder/tests.log.more" || true)
  # A binary that does not compile or ends early has no result.
  local crashed='^error: could not compile|process didn.t exit successfully.*signal'
  failed=$((failed + $({ grep -hE "$crashed" "${logs[@]}" || true; } | wc -l)))
  printf '%s|%s|%s|%s|%s|%s\n' "$version" "$full" "$pyo3" "$passed" "$failed" "$skipped" >> "$table"
  grep -hE '^test .* (FAILED|failed)$' "${logs[@]}" | sort | uniq -c || true
  grep -hE '^test .* \.\.\. ignored, ' "$folder/tests.log.more" | sort | uniq -c || true
  [ -n "${PYTHONS_KEEP:-}" ] || rm -rf "$folder/target" "$folder/venv" "$folder/sources"
}

# CHROOT ARGUMENT... : calls `test_python` in there. The mounts are gone when it ends.
in_chroot() {
  local chroot=$1 folder=$2 path
  shift
  mkdir -p "$folder/bin"
  ! command -v cargo-nextest >/dev/null || cp "$(command -v cargo-nextest)" "$folder/bin"
  local mounts=("$root" "$work" "$CARGO_HOME" "$RUSTUP_HOME" ${PYTHONS_TARGET:+"$PYTHONS_TARGET"} /proc /dev /etc/ssl/certs)
  for path in "${mounts[@]}"; do mkdir -p "$path" "$chroot$path"; done
  cp /etc/resolv.conf "$chroot/etc/resolv.conf"
  # shellcheck disable=SC2016
  unshare --mount --propagation private bash -c '
    set -euo pipefail
    chroot=$1 mounts=$2
    shift 2
    for path in $mounts; do mount --rbind "$path" "$chroot$path"; done
    exec chroot "$chroot" env HOME="$HOME" bash "$@"
  ' in_chroot "$chroot" "${mounts[*]}" \
    "$root/pytests/pythons.sh" --within "$@"
}

export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
if [ "${1:-}" = --within ]; then
  shift
  test_python "$@"
  exit
fi

if [ "${1:-}" = --list ]; then
  unset PYTHONS_CHROOT
  for minor in {9..30}; do
    ! find_python "3.$minor" || echo "3.$minor"
  done
  exit
fi
versions=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  versions+=("$1")
  shift
done
arguments=("${@:2}")
[ ${#arguments[@]} -gt 0 ] || arguments=(--workspace)
[ ${#versions[@]} -gt 0 ] || { sed -n 's/^# \{0,1\}//p' "$0" | head -n 18; exit 2; }
table=$(mktemp)
trap 'rm -f "$table"' EXIT
for version in "${versions[@]}"; do of_version "$version"; done
echo
{
  echo 'asked for|Python|pyo3|passed|failed|skipped'
  cat "$table"
} | column -t -s '|'
awk -F '|' '$5 != 0 || $4 == "" { exit 1 }' "$table"
