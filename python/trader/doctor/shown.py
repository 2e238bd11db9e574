"""The list as people read it, and as scripts do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from trader.doctor.findings import Finding, Mark

NAME_WIDTH: Final = 22
_COLOURS: Final = {Mark.OK: "32", Mark.WARN: "33", Mark.FAIL: "1;31", Mark.SKIPPED: "2"}


def line_of(finding: Finding, *, colours: bool) -> str:
    """`ok       name    what was found`, and what to do in a line below where there is any."""
    mark = f"{finding.mark.value:<8}"
    if colours:
        mark = f"\x1b[{_COLOURS[finding.mark]}m{mark}\x1b[0m"
    text = f"{mark} {finding.name:<{NAME_WIDTH}} {finding.found}"
    if finding.advice:
        text += f"\n{'':<9}{'':<{NAME_WIDTH}} → {finding.advice}"
    return text


def has_colours(environment: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Only at a terminal, and not where NO_COLOR is set."""
    return is_terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


def last_line(findings: Sequence[Finding], *, strict: bool) -> str:
    counts = Counter(one.mark for one in findings)
    told = ", ".join(f"{counts[mark]} {mark.value}" for mark in Mark if counts[mark])
    return f"{told}: {'ready' if is_well(findings, strict=strict) else 'NOT ready'}"


def is_well(findings: Sequence[Finding], *, strict: bool) -> bool:
    """Whether nothing failed; with `strict` nothing warns either."""
    bad = (Mark.FAIL, Mark.WARN) if strict else (Mark.FAIL,)
    return not any(one.mark in bad for one in findings)


def as_json(findings: Sequence[Finding], *, profile: str, strict: bool) -> dict[str, Any]:
    return {
        "profile": profile,
        "ready": is_well(findings, strict=strict),
        "counts": {mark.value: sum(one.mark is mark for one in findings) for mark in Mark},
        "checks": [asdict(one) | {"mark": one.mark.value} for one in findings],
    }
