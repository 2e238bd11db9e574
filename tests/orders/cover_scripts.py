"""Plays every script of `proto_wire/orders` and prints, as JSON, the lines and branches of the
machine that none of them took: `{"file.py": {"lines": [text…], "branches": [text…]}}`.

A process of its own, so that the machine's modules are imported under the eyes of coverage.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import coverage

NOT_THE_MACHINE = ("script.py", "variants.py", "journal.py")


def main() -> None:
    """Prints what was not taken."""
    measured = coverage.Coverage(
        branch=True, include=["*/trader/execution/orders/*"], data_file=None
    )
    measured.start()
    from tests.orders.playing import differing  # noqa: PLC0415  (under the eyes of coverage)
    from trader.execution.testing import load_vectors  # noqa: PLC0415  (as above)

    differences = [differing(script) for script in load_vectors("orders").values()]
    measured.stop()
    assert not any(differences), differences
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        measured.json_report(outfile=str(report))
        files: dict[str, Any] = json.loads(report.read_bytes())["files"]
    json.dump(
        {Path(name).name: _texts(Path(name), file) for name, file in files.items()}, sys.stdout
    )


def _texts(path: Path, file: dict[str, Any]) -> dict[str, list[str]]:
    if path.name in NOT_THE_MACHINE:
        return {"lines": [], "branches": []}
    source = path.read_text().splitlines()
    text = [line.strip() for line in source]
    return {
        "lines": [text[number - 1] for number in file["missing_lines"]],
        "branches": [text[start - 1] for start, _ in file["missing_branches"]],
    }


if __name__ == "__main__":
    main()
