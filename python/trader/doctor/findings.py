"""What a check has found: one line of the pre-flight list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How it stands; the words are those of the list and of its JSON."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. `advice` is what to do; it is empty where all is well."""

    mark: Mark
    name: str
    found: str
    advice: str = ""


def ok(name: str, found: str) -> Finding:
    return Finding(Mark.OK, name, found)


def warn(name: str, found: str, advice: str) -> Finding:
    return Finding(Mark.WARN, name, found, advice)


def fail(name: str, found: str, advice: str) -> Finding:
    return Finding(Mark.FAIL, name, found, advice)


def skipped(name: str, why: str) -> Finding:
    return Finding(Mark.SKIPPED, name, why)


def failed(findings: Sequence[Finding]) -> bool:
    """Whether one of them is a failure."""
    return any(one.mark is Mark.FAIL for one in findings)
