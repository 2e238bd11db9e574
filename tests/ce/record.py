"""Writes down what comes of each event of a fixture, to be read and judged by a person:

    python -m tests.ce.record NAME…

Comments of the file are kept, and so is everything but the `expect` lists.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.ce.player import FIXTURES, play, read_fixtures


def main() -> None:
    wanted = set(sys.argv[1:])
    for fixture in read_fixtures():
        if fixture.name in wanted:
            with tempfile.TemporaryDirectory() as folder:
                told = play(fixture, Path(folder), "python", "python")
            path = FIXTURES / f"{fixture.name}.yaml"
            path.write_text(_with(path.read_text(), told))
            print(f"{path.name}: read what it expects now")


def _with(text: str, told: list[list[str]]) -> str:
    """The file's text with these expectations."""
    head, events = text.split("events:\n", 1)
    kept = [f"{head}events:"]
    place = -1
    skipping = False
    for line in [*events.splitlines(), "  - "]:
        if line.startswith("  - "):
            if place >= 0:
                about_next = len(kept)
                while kept[about_next - 1].lstrip().startswith("#"):
                    about_next -= 1
                kept[about_next:about_next] = _expect(told[place])
            place += 1
            skipping = False
        if line.strip() in ("expect:", "expect: []"):
            skipping = True
        if not skipping:
            kept.append(line)
    return "\n".join(kept[:-1]) + "\n"


def _expect(lines: list[str]) -> list[str]:
    if not lines:
        return ["    expect: []"]
    return ["    expect:", *(f'      - "{line}"' for line in lines)]


if __name__ == "__main__":
    main()
