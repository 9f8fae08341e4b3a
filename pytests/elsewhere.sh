#!/usr/bin/env bash
# Checks the packages for other systems, and tests them with the oldest Rust: `pytests/elsewhere.sh [STAGE...]`.
#
# Stages; all of them run if none is named:
#   windows macos musl   `cargo check` of all packages, with their tests, benches and examples, for that system
#   wine                 the harness's suite and the subcommand's unit tests, compiled for Windows and run by wine
#   oldest               `cargo test` of the library, the macros and the harness on Linux
#
# Everything happens in a chroot with Debian trixie. Its Rust is the oldest that the packages support, and comes with the
# sources of the standard library, which is compiled for the other systems (cargo's `-Zbuild-std`). The chroot and what is
# built in it stay in target/elsewhere: about 5 GB.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
work=${CARGO_TARGET_DIR:-$root/target}/elsewhere
suite=trixie
chroot=$work/$suite
packages="ca-certificates cargo gcc gcc-mingw-w64-x86-64-win32 git libc6-dev procps python3-dev python3-venv rust-src rustc wine wine64"
stages=("$@")
[ ${#stages[@]} -gt 0 ] || stages=(windows macos musl wine oldest)

missing() {
  echo "pytests/elsewhere.sh needs $1" >&2
  exit 1
}

for stage in "${stages[@]}"; do
  [[ " windows macos musl wine oldest " = *" $stage "* ]] || missing "names of stages, of which $stage is none: windows macos musl wine oldest"
done
[ "$(uname -sm)" = "Linux x86_64" ] || missing "Linux on x86-64"
[ "$(id -u)" = 0 ] || missing "root, to make a chroot"
for command in apt-get debootstrap unshare; do
  command -v "$command" >/dev/null || missing "$command (Debian's packages apt, debootstrap and util-linux)"
done
unshare --mount true 2>/dev/null || missing "the permission to mount, which some containers do not give"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | grep '/debian/*$' | head -n 1 || true)
[ -n "$mirror" ] || missing "a mirror of Debian in the sources of apt"

mapfile -t network < <(env | grep -iE '^(https?|no)_proxy=' || true)

# COMMAND...: runs it in the checkout, as the chroot sees that. The mounts end with the command. Later versions of Rust have
# taken deprecations of this one back.
inside() {
  mkdir -p "$chroot"/{checkout,build,cargo} "$work/build"
  cp -L /etc/resolv.conf "$chroot/etc/resolv.conf"
  # shellcheck disable=SC2016
  unshare --mount --propagation private bash -c '
    set -e
    mount -t proc proc "$1/proc"
    mount --rbind /dev "$1/dev"
    mount --bind "$2" "$1/checkout"
    mount --bind "$3" "$1/build"
    mount --bind "$4" "$1/cargo"
    exec chroot "$1" "${@:5}"
  ' inside "$chroot" "$root" "$work/build" "${CARGO_HOME:-$HOME/.cargo}" \
    env -i --chdir=/checkout PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive WINEDEBUG=-all \
    CARGO_HOME=/cargo CARGO_TARGET_DIR=/build CARGO_INCREMENTAL=0 CARGO_TERM_COLOR=never RUSTFLAGS="-D warnings -A deprecated" \
    CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=wine "${network[@]}" "$@"
}

if [ "$(cat "$chroot/packages" 2>/dev/null)" != "$packages" ]; then
  echo "== a chroot with Debian $suite"
  rm -rf "$chroot"
  mkdir -p "$work"
  debootstrap --variant=minbase "$suite" "$chroot" "$mirror" >"$work/debootstrap.log" ||
    { tail "$work/debootstrap.log"; missing "a mirror that has $suite, and the key of its archive"; }
  # The compiler's own sources, and pages that nobody reads here.
  printf 'path-%s\n' 'exclude=/usr/share/doc/*' 'exclude=/usr/share/man/*' 'exclude=/usr/src/rustc-*' \
    'include=/usr/src/rustc-*/library/*' >"$chroot/etc/dpkg/dpkg.cfg.d/small"
  # shellcheck disable=SC2086
  inside bash -c 'apt-get install --yes --quiet --no-install-recommends "$@" && apt-get clean' install $packages \
    >"$work/install.log" || { tail "$work/install.log"; exit 1; }
  # Programs for Windows begin and end with these two; `-Zbuild-std` does not compile them.
  # shellcheck disable=SC2016
  inside bash -c '
    lib=/usr/lib/rustlib/x86_64-pc-windows-gnu/lib
    mkdir -p $lib
    for name in rsbegin rsend; do
      RUSTC_BOOTSTRAP=1 rustc --target x86_64-pc-windows-gnu --emit obj -o $lib/$name.o \
        /usr/lib/rustlib/src/rust/library/rtstartup/$name.rs || exit
    done
  '
  # Authorities that only this machine trusts.
  if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    cp -L /etc/ssl/certs/ca-certificates.crt "$chroot/etc/ssl/certs/ca-certificates.crt"
  fi
  echo "$packages" >"$chroot/packages"
fi

oldest=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/Cargo.toml")
inside rustc --version | grep -q "^rustc $oldest\." || missing "a Debian whose Rust is the oldest supported, $oldest: see \`suite\` in it"

# COMMAND TARGET ARGUMENT...: cargo for another system, with unstable options of this very version.
cargo_for() {
  # The subcommand names a newer Rust, which its dependencies ask for. It compiles all the same.
  inside env RUSTC_BOOTSTRAP=1 PYO3_CROSS_PYTHON_VERSION=3.13 cargo "$1" --locked -Zbuild-std=std,test,panic_unwind --target "$2" --ignore-rust-version "${@:3}"
}

check() { cargo_for check "$1" --workspace --all-features --all-targets; }

for stage in "${stages[@]}"; do
  echo "== $stage"
  case $stage in
    windows) check x86_64-pc-windows-gnu ;;
    macos) check aarch64-apple-darwin ;;
    musl) check x86_64-unknown-linux-musl ;;
    wine)
      for tests in "-p libtest-async --test suite" "-p cargo-pyo3-async-test --bins"; do
        # shellcheck disable=SC2086
        cargo_for test x86_64-pc-windows-gnu $tests
      done
      # What wine takes for drive C: is as large as wine itself. Its server goes on for some seconds.
      inside wineserver --wait
      rm -rf "$chroot/root/.wine"
      ;;
    oldest) inside cargo test --locked --no-fail-fast -p pyo3-aio -p pyo3-aio-macros -p libtest-async --all-features ;;
  esac
done
