"""Counts the instructions of every stream and writes the baseline anew."""

import os
import sys
import tempfile
from pathlib import Path

from rust.bench.instruction_counts import (
    BASELINE,
    Baseline,
    CountingError,
    count,
    rustc_version,
    streams,
)


def main() -> int:
    workspace = os.environ.get("BUILD_WORKSPACE_DIRECTORY")
    path = Path(workspace) / "rust/bench" / BASELINE.name if workspace else BASELINE
    counts = dict(Baseline.read().instructions_per_line)
    try:
        for name in streams():
            with tempfile.TemporaryDirectory() as scratch:
                before, counts[name] = counts.get(name), count(name, Path(scratch))
            print(f"{name}: {counts[name]:,.0f} instructions a line (before: {before})", flush=True)
    except CountingError as error:
        print(f"count_instructions: {error}", file=sys.stderr)
        return 1
    Baseline(rustc_version(), counts).write(path)
    print(f"written to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
