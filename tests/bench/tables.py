"""Markdown tables and the words of their cells."""

from collections.abc import Iterable, Sequence
from typing import Final

NONE: Final = "-"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table that is also readable as it is: columns in line."""
    body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *body, strict=True)]
    lines = [[head.ljust(width) for head, width in zip(heads, widths, strict=True)]]
    lines.append(["-" * width for width in widths])
    lines += [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in body]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def micro(nanoseconds: float | None) -> str:
    return NONE if nanoseconds is None else f"{nanoseconds / 1e3:,.2f}"
