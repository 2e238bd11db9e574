"""The checklists of docs/runbooks: numbered lines, each with the commands that do it."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

TIMEOUT_S: Final = 180.0
_ITEM: Final = re.compile(r"^(\d+)\. (.+?)(?=^\d+\. |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK: Final = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Line:
    """One line of a checklist."""

    number: int
    text: str
    commands: tuple[str, ...]
    """Each runs on its own; the list goes on when it ends with 0."""


def lines(page: Path) -> list[Line]:
    """The numbered lines of a page, in order; what follows a heading `## When …` is none."""
    checklist = page.read_text(encoding="utf-8").split("\n## When ", 1)[0]
    found = []
    for number, text in _ITEM.findall(checklist):
        commands = [
            line.strip()
            for block in _BLOCK.findall(text)
            for line in block.splitlines()
            if line.strip()
        ]
        found.append(Line(int(number), text.splitlines()[0], tuple(commands)))
    return found


def run(command: str, environment: Mapping[str, str]) -> str:
    """What a command of a checklist says; an assertion when it does not end with 0."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"{command}: exit {done.returncode}\n{said}"
    return said
