"""Runs a fuzz target of `hotloop-core` or of the executor's wire and keeps what it found.

    ./bazelw run //rust/fuzz:run -- TARGET --runs N --jobs J --corpus DIR

Exit codes: 0 no fault, 1 a fault was found (the input and the way to see it again are told), 2 bad
arguments, 130 interrupted.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rust.fuzz.campaign import Campaign, Figures
from rust.fuzz.seeds import HERE, write_dictionary, write_seeds

TARGETS: Final = {
    "parse": 4096,
    "lines": 4096,
    "messages": 4096,
    "structured": 600,
    "bodies": 1024,
    "frames": 2048,
    "planted": 64,
}
"""Longest input, bytes: a line, a stream of lines, some forty choices of what happens next, one
frame's body, a few frames."""


def fuzz(target: str, runs: int, jobs: int, corpus: Path, seed: int = 1) -> Figures:
    """One campaign of `target` from its seeds, told on standard output.

    New inputs go to `corpus`/TARGET, those that break a law to `corpus`/TARGET-faults.
    """
    with tempfile.TemporaryDirectory() as scratch:
        seeds = Path(scratch) / "seeds"
        count = write_seeds(target, seeds)
        print(f"{target}: {runs:,} executions from {count} seeds, corpus {corpus}", flush=True)
        campaign = Campaign(
            binary=HERE / target,
            runs=runs,
            corpus=corpus / target,
            seeds=[seeds],
            artifacts=corpus / f"{target}-faults",
            dictionary=write_dictionary(target, Path(scratch) / "words"),
            jobs=jobs,
            seed=seed,
            input_bytes_max=TARGETS[target],
        )
        figures = campaign.run(lambda text: print(text, flush=True))
    print(f"{target}: {figures}")
    for artifact in figures.artifacts:
        print(f"{target}: FAULT, the input is {artifact}")
        print(f"see it again: ./bazelw run //rust/fuzz:{target} -- {artifact}")
    if figures.failed:
        print(figures.fault)
    return figures


def main(argv: Sequence[str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="run", description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--runs", type=_count, default=1_000_000, help="executions (1000000)")
    parser.add_argument("--jobs", type=_count, default=1, help="processes (1)")
    parser.add_argument("--seed", type=_count, default=1, help="of the fuzzer's choices (1)")
    parser.add_argument(
        "--corpus", type=_user_path, required=True, help="folder that keeps what was found"
    )
    given = parser.parse_args(argv)
    try:
        figures = fuzz(given.target, given.runs, given.jobs, given.corpus, given.seed)
    except KeyboardInterrupt:
        print(f"interrupted; what was found is in {given.corpus}", file=sys.stderr)
        return 130
    return int(figures.failed)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _user_path(text: str) -> Path:
    """As the person meant it: under `bazel run` relative to where they stood."""
    return Path(os.environ.get("BUILD_WORKING_DIRECTORY", ""), text).absolute()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
