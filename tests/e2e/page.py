"""A page of the documentation as something that can be followed: its files, commands and figures.

Fenced blocks are told apart by their first line. With the name of a file behind the language
(three backquotes, `python first_edge.py`) a block is that file; as JSON it is an excerpt of a file
that a command has written. In an `sh` block a line that begins with `$ ` is a command, the lines
after it are its output, and a line `…` stands for any number of lines.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

TRADER: Final = "./bazelw run //python:trader -- "
ANY_LINES: Final = "…"
_FENCED: Final = re.compile(r"^```(\w*)(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FileBlock:
    """A file to write (`python`, `yaml`), or an excerpt of one that is there (`json`)."""

    language: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class CommandBlock:
    """A command of the trader, and the output that the page shows."""

    arguments: tuple[str, ...]
    shown: tuple[str, ...]


def blocks(page: str) -> Iterator[FileBlock | CommandBlock]:
    """What there is to do, in the page's order. Raises `ValueError` for a command that is not the
    trader's."""
    for language, name, text in _FENCED.findall(page):
        if language == "sh":
            yield from _commands(text)
        elif name:
            yield FileBlock(language, name, text)


def _commands(text: str) -> Iterator[CommandBlock]:
    first, *rest = re.split(r"^\$ ", text, flags=re.MULTILINE)
    if first:
        raise ValueError(f"output of no command: {first!r}")
    for one in rest:
        command, *shown = one.splitlines()
        if not command.startswith(TRADER):
            raise ValueError(f"no command of the trader: {command!r}")
        arguments = shlex.split(command.removeprefix(TRADER))
        yield CommandBlock(tuple(arguments), tuple(shown))


def missing_line(shown: tuple[str, ...], said: str) -> str | None:
    """The first line of a page that a command did not say there; None when it said it all. Where
    the page does not leave lines out, none may be there."""
    lines = said.splitlines()
    may_skip = False
    for line in shown:
        if line == ANY_LINES:
            may_skip = True
            continue
        if may_skip and line in lines:
            lines = lines[lines.index(line) :]
        if not lines or lines[0] != line:
            return line
        del lines[0]
        may_skip = False
    return None if may_skip or not lines else f"nothing, where `{lines[0]}` was said"
