"""Plants each bug of `mutations.py` and `order_mutations.py` into a copy and says what catches it.

    .venv/bin/python -m tests.mutation.mutate [WORD…]

WORDs choose the mutations whose names hold one of them. Needs cargo and the `.venv` of
`scripts/venv.sh`; the tree itself is never changed. Of a bug in the core the core's own tests are
run first, then, for what they let pass, the parity tests of generated streams against an extension
built with the bug; of one in the order machine its unit tests and examples, then the simulation,
which says how many seeds it took. Exit code 1 when a bug survives.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.mutation.mutations import CORE, MUTATIONS, Mutation
from tests.mutation.order_mutations import ORDER_MUTATIONS, ORDERS

ROOT: Final = Path(__file__).parents[2]
PARITY_TESTS: Final = (
    "tests/parity/reference_parity_test.py",
    "tests/parity/sessions_parity_test.py",
)
_FAILED_TEST: Final = re.compile(r"^(?:test (\S+) \.\.\. FAILED|FAILED (\S+))", re.MULTILINE)
_SEED: Final = re.compile(r"^seed (\d+), \d+ ms: (.*)$", re.MULTILINE)
SEEDS: Final = "20000"
_NOT_COPIED: Final = shutil.ignore_patterns("target", "bazel-*", ".*", "dist", "__pycache__")


def main(words: Sequence[str]) -> int:
    """Runs the chosen mutations; the exit code."""
    every = [(CORE, m) for m in MUTATIONS] + [(ORDERS, m) for m in ORDER_MUTATIONS]
    chosen = [(at, m) for at, m in every if not words or any(word in m.name for word in words)]
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=_NOT_COPIED)
        shutil.copytree(ROOT / ".cargo", copy / ".cargo")
        survivors = 0
        for number, (folder_of, mutation) in enumerate(chosen, start=1):
            caught = _caught_by(mutation, folder_of, copy)
            survivors += caught is None
            print(f"{number:2}/{len(chosen)} {mutation.name}: {caught or 'SURVIVES'}", flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} caught")
    return 1 if survivors else 0


def _caught_by(mutation: Mutation, folder: str, copy: Path) -> str | None:
    """The first test that fails with the bug, None when all pass."""
    path = copy / folder / mutation.file
    source = path.read_text()
    if source.count(mutation.old) != 1:
        raise SystemExit(f"{mutation.name}: its line is not in {mutation.file} just once")
    path.write_text(source.replace(mutation.old, mutation.new))
    try:
        if folder == ORDERS:
            return _by_the_simulation(copy)
        return _by_the_core(copy) or _by_parity(copy)
    finally:
        path.write_text(source)


def _by_the_core(copy: Path) -> str | None:
    output = _run(copy, "cargo", "test", "--package", "hotloop-core", "--no-fail-fast")
    return None if output is None else _named(output)


def _by_the_simulation(copy: Path) -> str | None:
    cargo = ("cargo", "test", "--release", "--package", "orders")
    output = _run(copy, *cargo, "--lib", "--test", "machine") or _run(
        copy, *cargo, "--test", "simulation", HOTLOOP_ONCE="1", HOTLOOP_SEEDS=SEEDS
    )
    if output is None:
        return None
    seed = _SEED.search(output)
    return f"seed {seed[1]}: {seed[2]}" if seed else _named(output)


def _by_parity(copy: Path) -> str | None:
    built = _run(copy, "cargo", "build", "--release", "--package", "hotloop-py")
    if built is not None:
        raise SystemExit(f"does not compile: {built[-400:]}")
    module = copy / "built"
    module.mkdir(exist_ok=True)
    shutil.copy(copy / "rust/target/release/libhotloop.so", module / "hotloop.abi3.so")
    python = str(ROOT / ".venv/bin/python")
    arguments = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *PARITY_TESTS)
    output = _run(copy, python, *arguments, PYTHONPATH=f"{module}:{copy / 'python'}")
    return None if output is None else _named(output)


def _run(copy: Path, *command: str, **environment: str) -> str | None:
    """The output of a command that failed, None of one that did not."""
    done = subprocess.run(
        command,
        cwd=copy,
        env={**os.environ, "HOTLOOP_DATA": str(ROOT.parent / "shared" / "data"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.returncode == 0 else done.stdout + done.stderr


def _named(output: str) -> str:
    """The tests that failed, by name."""
    names = [first or second for first, second in _FAILED_TEST.findall(output)]
    if not names:
        # A bug that does not compile is caught by nothing.
        raise SystemExit(f"no test has run: {output[-400:]}")
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0]}{more}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
