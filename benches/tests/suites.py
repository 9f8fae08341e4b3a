"""Writes a package whose test targets hold many tests that do nothing, and builds it."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Callable, Dict, List

ROOT = Path(__file__).resolve().parents[2]

MANIFEST = """[package]
name = "suites"
version = "0.0.0"
edition = "2024"
publish = false

[dev-dependencies]
libtest-async = {{ path = "{root}/harness" }}
pyo3-aio = {{ path = "{root}", features = ["testing", "tokio-runtime"] }}
tokio = {{ version = "1.40", features = ["macros", "rt-multi-thread", "time"] }}

[workspace]
"""

TARGET = """
[[test]]
name = "{name}"
harness = {is_libtest}
"""


def attributes(attribute: str, function: str, end: str = "") -> Callable[[int], str]:
    """Returns what writes so many functions with an attribute."""
    return lambda count: "".join(f"{attribute} {function} t{number:05}() {{}}\n" for number in range(count)) + end


def trials(trial: str) -> Callable[[int], str]:
    """Returns what writes a program of so many trials."""
    return lambda count: (
        "libtest_async::main!((0..%d).map(|number| { let name = format!(\"t{number:05}\"); %s }));\n" % (count, trial)
    )


RUNTIME = "tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()"
ASYNC_TRIAL = "libtest_async::Trial::async_test(name, async { Ok(()) })"
MAIN = "pyo3_aio::testing::main!();\n"

# By the name of the target.
SUITES: Dict[str, Callable[[int], str]] = {
    "libtest": attributes("#[test]", "fn"),
    "trial": trials("libtest_async::Trial::test(name, || Ok(()))"),
    "attribute": attributes("#[pyo3_aio::tokio::test]", "fn", MAIN),
    "libtest_tokio": attributes("#[tokio::test]", "async fn"),
    "trial_tokio": trials("%s.with_block_on(|test| %s.block_on(test))" % (ASYNC_TRIAL, RUNTIME)),
    "trial_async": trials(ASYNC_TRIAL),
    "attribute_tokio": attributes("#[pyo3_aio::tokio::test]", "async fn", MAIN),
}

Programs = Dict[str, Path]


def write(folder: Path, counts: List[int]) -> None:
    """Writes every suite once for each number of tests."""
    manifest = MANIFEST.format(root=ROOT)
    for suite, tests in SUITES.items():
        for count in counts:
            name = f"{suite}_{count}"
            update(folder / f"tests/{name}.rs", tests(count))
            manifest += TARGET.format(name=name, is_libtest=str(suite.startswith("libtest")).lower())
    update(folder / "src/lib.rs", "")
    update(folder / "Cargo.toml", manifest)
    shutil.copy(ROOT / "Cargo.lock", folder / "Cargo.lock")


def update(path: Path, text: str) -> None:
    """Writes a file, unless it is there already: then nothing is built again."""
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def build(folder: Path, flags: List[str]) -> Programs:
    """Builds the suites as `cargo test` does; returns the program of each target."""
    command = ["cargo", "test", "--no-run", "--tests", "--message-format=json", *flags]
    target = os.environ.get("CARGO_TARGET_DIR", folder / "target")
    environment = {**os.environ, "CARGO_TARGET_DIR": str(target)}
    built = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, check=True)
    messages = [json.loads(line) for line in built.stdout.splitlines() if line.startswith(b"{")]
    return {
        message["target"]["name"]: Path(message["executable"])
        for message in messages
        if message.get("executable")
    }
