"""Configuration as it was written: trees of values with the places they came from, and problems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong: where (file and line, or an option), which key, what, what is allowed."""

    source: str
    key: str
    wrong: str
    allowed: str

    def __str__(self) -> str:
        place = f"{self.source}: {self.key}" if self.key else self.source
        return f"{place}: {self.wrong}" + (f"; allowed: {self.allowed}" if self.allowed else "")


class ConfigError(Exception):
    """The configuration is refused. `problems` has at least one; `str()` is a single line."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        more = len(self.problems) - 1
        tail = f" (and {more} more: `trader config check` lists all)" if more else ""
        super().__init__(f"{self.problems[0]}{tail}")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar or list as YAML gave it, and where it stood."""

    value: object
    source: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A mapping: children by key, each with its own source, and where the mapping began."""

    children: Mapping[str, Node]
    source: str


Node: TypeAlias = Leaf | Branch


def merge(base: Node, over: Node) -> Node:
    """`over` on top of `base`: sections are merged key by key, everything else is replaced."""
    if not isinstance(base, Branch) or not isinstance(over, Branch):
        return over
    children = dict(base.children)
    for key, node in over.children.items():
        children[key] = merge(children[key], node) if key in children else node
    return Branch(children, over.source if not base.children else base.source)
