#!/usr/bin/env python3
"""Runs `init` and `doctor` on published crates that use PyO3, and judges what they do.

corpus.txt names the crates, with their versions and outcomes. Cargo fetches the crates when this runs, and nothing of them
is kept in the repository. Each crate is tried twice: with the manifest that cargo has normalized for the registry, and with
the one that its author wrote (Cargo.toml.orig), where cargo loads that one outside of its workspace.

An outcome is `edited`, or `refused` with a part of the reason. Everything else is wrong: a result that cargo does not load,
a comment or a key that has moved or gone, a dry run that shows something else than is written, a second run that changes
something, a `doctor` that finds an error in what `init` has just written, or an outcome that corpus.txt does not name.

usage: corpus.py [NAME...]          needs Python 3.11 or newer
"""

import concurrent.futures
import glob
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROGRAM = TARGET / "debug/cargo-pyo3-async-test"
CARGO_HOME = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo"))
# Checks of `doctor` about this machine, not about the crate.
MACHINE = {"python", "libpython", "build-dir", "venv", "nextest", "uvloop"}


class Wrong(Exception):
    """A check has failed."""


def check(condition, message):
    if not condition:
        raise Wrong(message)


def read_table():
    """Yields a name, a version and the outcomes by the kind of manifest."""
    for line in (pathlib.Path(__file__).parent / "corpus.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if line:
            name, version, *outcomes = re.split(r"\s{2,}", line)
            kinds = ["published", "original"]
            yield name, version, dict(zip(kinds, outcomes + outcomes[:1] * (2 - len(outcomes))))


def fetch(name, version):
    """Returns the folder where cargo keeps the crate, which it downloads if it is not there."""
    pattern = str(CARGO_HOME / "registry/src/*" / f"{name}-{version}")
    if not glob.glob(pattern):
        # `cargo info` downloads this crate alone. In the repository it would show one of this name that is a dependency.
        subprocess.run(
            ["cargo", "info", "--quiet", f"{name}@{version}"], cwd="/", check=True, stdout=subprocess.DEVNULL
        )
    return pathlib.Path(glob.glob(pattern)[0])


class Crate:
    """A copy of a crate outside of any workspace."""

    def __init__(self, folder, cache):
        self.folder = folder
        self.environment = dict(os.environ, CARGO_NET_OFFLINE="true", CARGO_TERM_COLOR="never", **cache)

    def run(self, *words):
        command = [PROGRAM, *words, "--manifest-path", self.folder / "Cargo.toml"]
        return subprocess.run(command, env=self.environment, cwd=self.folder, capture_output=True, text=True)

    def loads(self):
        """Whether cargo accepts the manifest."""
        command = ["cargo", "metadata", "--no-deps", "--offline", "--format-version", "1"]
        return subprocess.run(command, env=self.environment, cwd=self.folder, capture_output=True, text=True)

    def tree(self):
        files = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in files}


def apply_diff(tree, text):
    """Returns the tree after the changes of a unified difference, whose context has to agree."""
    after = dict(tree)
    for part in re.split(r"^--- .*\n\+\+\+ ", text, flags=re.M)[1:]:
        name, hunks = part.split("\n", 1)
        old = tree.get(name, b"").decode().splitlines(keepends=True)
        new, position = [], 0
        for hunk in re.split(r"^@@ ", hunks, flags=re.M)[1:]:
            header, body = hunk.split("\n", 1)
            start, count = re.match(r"-(\d+)(?:,(\d+))?", header).groups()
            start = int(start) - (1 if count != "0" else 0)
            new += old[position:start]
            position = start
            for line in body.splitlines(keepends=True):
                if line.startswith("\\"):
                    new[-1] = new[-1].rstrip("\r\n")
                elif line.startswith("+"):
                    new.append(line[1:])
                else:
                    known = old[position].rstrip("\r\n") if position < len(old) else None
                    check(known == line[1:].rstrip("\r\n"), f"the dry run shows {line!r}, and {name} has {known!r}")
                    if line.startswith(" "):
                        new.append(old[position])
                    position += 1
        after[name] = "".join(new + old[position:]).encode()
    return after


def is_subsequence(short, long):
    rest = iter(long)
    return all(item in rest for item in short)


def check_kept(before, after, where=""):
    """Checks that no key has gone or moved, and that a value which is no list or table is the former one."""
    # `init` takes `extension-module` out, and a list that has nothing else with it.
    kept = [key for key, value in before.items() if not (key == "features" and value == ["extension-module"])]
    for key in kept:
        check(key in after, f"the key {where}{key} is gone")
    check(is_subsequence(kept, after), f"the keys of {where or 'the file'} have another order")
    for key in kept:
        value = before[key]
        if isinstance(value, dict) and isinstance(after[key], dict):
            check_kept(value, after[key], f"{where}{key}.")


def comments(text):
    return re.findall(r"^\s*#.*$", text, flags=re.M)


def findings(output):
    """Parses the output of `doctor`, and checks it against the exit code."""
    check(output.returncode in (0, 1), f"doctor exits with {output.returncode}: {output.stderr}")
    try:
        reports = json.loads(output.stdout)
    except json.JSONDecodeError as error:
        raise Wrong(f"doctor prints no JSON: {error}")
    found = [finding for report in reports for finding in report["findings"]]
    has_error = any(finding["level"] == "error" for finding in found)
    check(has_error == (output.returncode == 1), "doctor's exit code is not that of its findings")
    for finding in found:
        problem = finding["level"] in ("warning", "error")
        check(not problem or finding["help"], f"doctor names no way out: {finding['message']}")
    return found


def judge(crate):
    """Returns the outcome: `edited`, or `refused: ` and the reason."""
    before = crate.tree()
    manifest = before["Cargo.toml"].decode()
    findings(crate.run("doctor", "--format", "json"))
    dry, checked = crate.run("init", "--dry-run"), crate.run("init", "--check")
    check(crate.tree() == before, "a run that shows only has changed something")
    if dry.returncode:
        written = crate.run("init")
        check(crate.tree() == before, "a run that is refused has changed something")
        codes = {dry.returncode, checked.returncode, written.returncode}
        check(codes == {101}, f"the exit codes of a refusal are {codes}: {dry.stderr}")
        check(dry.stderr.startswith("error: "), f"the reason is missing: {dry.stderr}")
        check("Cargo.toml" in dry.stderr or "package `" in dry.stderr, f"the reason names no file: {dry.stderr}")
        return "refused: " + " ".join(dry.stderr.split())[7:]
    check(checked.returncode == 1, f"--check exits with {checked.returncode}: {checked.stderr}")
    check(dry.stdout == checked.stdout, "--check shows something else than --dry-run")
    written = crate.run("init")
    check(written.returncode == 0, f"init exits with {written.returncode}: {written.stderr}")
    after = crate.tree()
    after.pop("Cargo.lock", None)
    shown = apply_diff(before, dry.stdout)
    shown.pop("Cargo.lock", None)
    changed = [name for name in {*shown, *after} if shown.get(name) != after.get(name)]
    check(not changed, f"--dry-run shows other changes than are written: {changed}")
    loaded = crate.loads()
    check(loaded.returncode == 0, f"cargo refuses the result: {loaded.stderr}")
    edited = after["Cargo.toml"].decode()
    check_kept(tomllib.loads(manifest), tomllib.loads(edited))
    check(is_subsequence(comments(manifest), comments(edited)), "a comment is gone or has moved")
    last = manifest.rstrip().rsplit("\n", 1)[-1]
    check(not last.startswith("#") or edited.rstrip().endswith(last), "the comment at the end has moved")
    again = crate.run("init")
    check(again.returncode == 0 and "Unchanged" in again.stderr, f"a second init: {again.stderr}")
    tree = crate.tree()
    tree.pop("Cargo.lock", None)
    check(tree == after, "a second init changes something")
    check(crate.run("init", "--check").returncode == 0, "--check is not content with what init has written")
    for finding in findings(crate.run("doctor", "--format", "json")):
        # Offline, cargo has only the versions that this machine has downloaded, and may find no two that fit.
        is_offline = finding["message"].startswith("two versions of pyo3 are asked for")
        is_error = finding["level"] == "error" and finding["check"] not in MACHINE and not is_offline
        check(not is_error, f"after init doctor says: {finding['check']}: {finding['message']}")
    return "edited"


def try_crate(name, version, kind, expected):
    """Returns the row of a crate with one of its manifests; `None` if cargo does not load it."""
    source = fetch(name, version)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary).resolve() / name
        shutil.copytree(source, folder)
        (folder / ".cargo-ok").unlink(missing_ok=True)
        original = folder / "Cargo.toml.orig"
        if kind == "original":
            if not original.exists():
                return None
            shutil.copy(original, folder / "Cargo.toml")
        original.unlink(missing_ok=True)
        crate = Crate(folder, {"CARGO_TARGET_DIR": str(folder.parent / "target")})
        if crate.loads().returncode != 0:
            return None
        try:
            outcome = judge(crate)
        except Wrong as error:
            return "wrong", str(error)
    word, _, reason = outcome.partition(": ")
    wanted, _, part = expected.partition(": ")
    if word != wanted or part not in reason:
        return "wrong", f"{outcome}, and corpus.txt says {expected}"
    return word, reason


def main():
    names = sys.argv[1:]
    rows = [row for row in read_table() if not names or row[0] in names]
    subprocess.run(["cargo", "build", "--quiet", "-p", "cargo-pyo3-async-test"], cwd=ROOT, check=True)
    for name, version, _ in rows:
        fetch(name, version)
    tries = [(name, version, kind, outcomes[kind]) for name, version, outcomes in rows for kind in outcomes]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda each: try_crate(*each), tries)
        counts = {}
        for (name, version, kind, _), result in zip(tries, results):
            word, reason = result or ("not loaded", "")
            counts[word] = counts.get(word, 0) + 1
            row = f"{name} {version}".ljust(34), kind.ljust(10), word.ljust(11), reason[: 400 if word == "wrong" else 100]
            print(*row, flush=True)
    print(", ".join(f"{count} {word}" for word, count in sorted(counts.items())))
    sys.exit(1 if counts.get("wrong") else 0)


if __name__ == "__main__":
    main()
