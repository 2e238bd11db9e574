"""A comparison for people (a table on a terminal, aligned text elsewhere) and for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from trader.simulator.compare import Comparison, Difference, How
from trader.simulator.compare_rows import Row, Value
from trader.simulator.compare_run import shown

PARTS_SHOWN: Final = 20
NAME_WIDTH_MIN: Final = 20
EQUAL: Final = "✓"
DIFFERENT: Final = "≠"
_STYLES: Final = {EQUAL: "green", DIFFERENT: "bold red"}
_HEAD: Final = ("", "A", "B", "equal")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table, as text."""

    name: str
    a: str
    b: str
    mark: str
    note: str


def head_lines(comparison: Comparison) -> Iterator[str]:
    """Which two runs these are, and with what they were made."""
    yield f"A: {_made(comparison.a)}"
    yield f"B: {_made(comparison.b)}"


def text_lines(comparison: Comparison) -> Iterator[str]:
    """The table as aligned text without colours."""
    lines = [Line(*_HEAD, ""), *_lines(comparison)]
    name, a, b = (
        max(len(getattr(line, column)) for line in lines) for column in ("name", "a", "b")
    )
    for line in lines:
        text = f"{line.name:<{name}}  {line.a:>{a}}  {line.b:>{b}}  {line.mark:<5}  {line.note}"
        yield text.rstrip()


def table(comparison: Comparison, width: int) -> RenderableType:
    """The table for a terminal of so many columns; a narrow one cuts names, never values."""
    lines = list(_lines(comparison))
    result = Table(box=None, padding=(0, 1, 0, 0))
    name, a, b, note = (
        max((len(getattr(line, column)) for line in lines), default=0)
        for column in ("name", "a", "b", "note")
    )
    taken = a + b + len(_HEAD[-1]) + len(_HEAD)
    result.add_column("", no_wrap=True, width=min(name, max(NAME_WIDTH_MIN, width - taken - note)))
    for heading, values in zip(_HEAD[1:3], (a, b), strict=True):
        result.add_column(heading, justify="right", no_wrap=True, min_width=values)
    result.add_column(_HEAD[-1], no_wrap=True)
    result.add_column("")
    for line in lines:
        mark = Text(line.mark, style=_STYLES.get(line.mark, ""))
        style = "dim" if line.name.startswith(" ") and line.mark != DIFFERENT else ""
        result.add_row(
            Text(line.name), Text(line.a), Text(line.b), mark, Text(line.note), style=style
        )
    return result


def end_lines(comparison: Comparison) -> Iterator[str]:
    """What it comes to, with the first difference in detail."""
    decided = sum(row.equal is not None for row in comparison.rows)
    first = comparison.first
    if first is None:
        yield f"equal: all {decided} rows (times decide nothing)"
        return
    names = comparison.different()
    yield f"different: {len(names)} of {decided} rows: {', '.join(names)}"
    yield f"first difference: {_where(first)}"
    yield f"  A: {shown(first.a)}"
    yield f"  B: {shown(first.b)}"


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Everything, ready for JSON; `ratio` is B to A, of rows about time only."""
    first = comparison.first
    return {
        "equal": comparison.is_equal,
        "a": asdict(comparison.a),
        "b": asdict(comparison.b),
        "rows": [asdict(row) for row in comparison.rows],
        "first_difference": None if first is None else asdict(first),
    }


def _made(how: How) -> str:
    profile = how.profile if how.profile else "none"
    return (
        f"{how.name}: {how.command}, hotloop {how.hotloop}, execution {how.execution}, "
        f"feed {how.feed}, profile {profile}, trader {how.version}"
    )


def _where(first: Difference) -> str:
    keys = ", ".join(f"{name} {value}" for name, value in first.key.items())
    column = f", {first.column}" if first.column is not None else ""
    return f"{first.table}: {keys}{column}"


def _lines(comparison: Comparison) -> Iterator[Line]:
    for row in comparison.rows:
        yield _line(row, "")
        shown_parts, left_out = _parts(row)
        for part in shown_parts:
            yield _line(part, "  ")
        if left_out:
            yield Line(f"  and {left_out:,} more (--json has all)", "", "", "", "")


def _parts(row: Row) -> tuple[tuple[Row, ...], int]:
    """The parts to show and how many are left out; where some are, those that differ come first."""
    parts = row.parts
    if len(parts) <= PARTS_SHOWN:
        return parts, 0
    ordered = sorted(parts, key=lambda part: part.equal is not False)
    return tuple(ordered[:PARTS_SHOWN]), len(parts) - PARTS_SHOWN


def _line(row: Row, indent: str) -> Line:
    text = _time if row.is_time else _text
    a, b = text(row.a), text(row.b)
    if a == b and row.a != row.b:  # a difference beyond the digits shown
        a, b = repr(row.a), repr(row.b)
    if row.equal is None:
        mark, note = "", "" if row.ratio is None else f"B:A {row.ratio:g}"
    else:
        mark, note = EQUAL if row.equal else DIFFERENT, row.note
    return Line(f"{indent}{row.name}", a, b, mark, note)


def _time(value: Value) -> str:
    """Month, day and time of day (UTC) of a stream time; the year says nothing in a comparison."""
    if not isinstance(value, int):
        return _text(value)
    try:
        moment = datetime.fromtimestamp(value // 1000, UTC)
    except (ValueError, OverflowError, OSError):  # no time of this calendar
        return _text(value)
    return f"{moment:%m-%d %H:%M:%S}.{value % 1000:03d}"


def _text(value: Value) -> str:
    if value is None:
        return "none"
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}"
