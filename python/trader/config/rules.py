"""What a configured value may be: small rules, each able to check a value and to describe itself.

A section of the configuration is a frozen dataclass whose fields carry a rule:

    @dataclass(frozen=True, slots=True, kw_only=True)
    class QueueConfig:
        window_s: float = rule(Number(0.1, 3600.0))

A field whose type is such a dataclass is a nested section and needs no rule. Fields have no
defaults: every key must stand in `configs/base.yaml` (see the package's docstring). Only an edge
in a file of its own brings its defaults along, as no other file has its keys.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")


class WrongValueError(Exception):
    """A value broke its rule. `wrong` says what it is, `allowed` what it may be."""

    def __init__(self, wrong: str, allowed: str) -> None:
        super().__init__(f"{wrong}; allowed: {allowed}")
        self.wrong = wrong
        self.allowed = allowed


class Rule(ABC, Generic[T]):
    """Checks one value. `describe` completes the sentence "allowed: …"."""

    @abstractmethod
    def check(self, value: object) -> T:
        """The value in its configured type. Raises `WrongValueError`."""

    @abstractmethod
    def describe(self) -> str: ...

    def refuse(self, value: object) -> WrongValueError:
        return WrongValueError(f"{_shown(value)} is not allowed", self.describe())


def rule(checked_by: Rule[T], *, default: Any = MISSING) -> T:
    """A dataclass field whose configured value is checked by that rule.

    A `default` is for the parameters of an edge in a file of its own (`config.edge_files`), where
    no `base.yaml` has them.
    """
    return cast(T, field(default=default, metadata={"rule": checked_by}))


@dataclass(frozen=True)
class Flag(Rule[bool]):
    def check(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise self.refuse(value)
        return value

    def describe(self) -> str:
        return "true or false"


@dataclass(frozen=True)
class Whole(Rule[int]):
    """A whole number within bounds, both included."""

    low: int
    high: int

    def check(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.refuse(value)
        if not self.low <= value <= self.high:
            raise self.refuse(value)
        return value

    def describe(self) -> str:
        return f"a whole number from {self.low} to {self.high}"


@dataclass(frozen=True)
class WholeOrOff(Whole):
    """The same, or 0."""

    def check(self, value: object) -> int:
        return 0 if value == 0 and type(value) is int else super().check(value)

    def describe(self) -> str:
        return f"0, or {super().describe()}"


@dataclass(frozen=True)
class Number(Rule[float]):
    """A finite number within bounds, both included."""

    low: float
    high: float

    def check(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refuse(value)
        if not self.low <= value <= self.high:  # also refuses NaN
            raise self.refuse(value)
        return float(value)

    def describe(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Choice(Rule[str]):
    values: tuple[str, ...]

    def check(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.values:
            raise self.refuse(value)
        return value

    def describe(self) -> str:
        return " or ".join(f"'{value}'" for value in self.values)


@dataclass(frozen=True)
class Text(Rule[str]):
    """A text; `needed`: not an empty one; `like`: one that is wholly of this pattern."""

    what: str
    needed: bool = False
    like: str = ""

    def check(self, value: object) -> str:
        if not isinstance(value, str) or (self.needed and not value):
            raise self.refuse(value)
        if self.like and not re.fullmatch(self.like, value):
            raise self.refuse(value)
        return value

    def describe(self) -> str:
        return self.what


@dataclass(frozen=True)
class Texts(Rule[tuple[str, ...]]):
    """A list of texts."""

    what: str

    def check(self, value: object) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise self.refuse(value)
        return tuple(value)

    def describe(self) -> str:
        return self.what


@dataclass(frozen=True)
class Version(Rule[int]):
    """The version of a form; others are refused with a code of proto_wire/compatibility.yaml."""

    known: int
    code: str

    def check(self, value: object) -> int:
        if type(value) is not int or value != self.known:
            raise self.refuse(value)
        return self.known

    def describe(self) -> str:
        return f"{self.known}, the version that this trader reads ({self.code}: docs/upgrade.md)"


@dataclass(frozen=True)
class Loopback(Rule[str]):
    """A loopback address: nothing in this system listens to other machines."""

    def check(self, value: object) -> str:
        if value not in ("127.0.0.1", "::1", "localhost"):
            raise self.refuse(value)
        return value

    def describe(self) -> str:
        return "a loopback address ('127.0.0.1', '::1' or 'localhost')"


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"'{shortened(value)}'"
    if isinstance(value, Mapping):
        return "a section of keys"
    if isinstance(value, list):
        return "a list"
    return shortened(str(value))


def shortened(text: str) -> str:
    """What fits into a line with other words."""
    return text if len(text) <= 60 else text[:57] + "…"
