"""The table of docs/edges.md: each edge alone over each recording, as the configuration is shipped.

    PYTHONPATH=python:. .venv/bin/python -m tests.edges.table           prints it
    PYTHONPATH=python:. .venv/bin/python -m tests.edges.table --write   and writes it into the page

The recordings are looked for in `HOTLOOP_DATA`; signals come from the Rust extension.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests import market_files
from tests.edges.playing import SHIPPED, Played, play
from tests.parity.recordings import RECORDINGS

PAGE: Final = Path(__file__).parents[2] / "docs" / "edges.md"
BEGIN: Final = "<!-- table: python -m tests.edges.table --write -->"
NOTHING: Final = "none"
END: Final = "<!-- end of the table -->"


def cell(played: Played) -> str:
    """Orders placed, those of them matched at least in part, and the profit after commission."""
    if not played.orders:
        return NOTHING
    return f"{played.orders} / {played.filled} / {played.net_e4 / 10_000:+.2f}"


def rows(text: str) -> dict[str, dict[str, str]]:
    """The cells of a page's table, by recording and edge. Raises `ValueError` without one."""
    begin, end = text.index(BEGIN), text.index(END)
    lines = [line for line in text[begin:end].splitlines() if line.startswith("|")]
    edges = _cells(lines[0])[1:]
    return {
        name.strip("`"): dict(zip(edges, cells, strict=True))
        for name, *cells in map(_cells, lines[2:])
    }


def table() -> Iterator[str]:
    """The table line by line, as the runs come to an end."""
    yield f"| recording | {' | '.join(SHIPPED)} |"
    yield "| --- |" + " --- |" * len(SHIPPED)
    sums = dict.fromkeys(SHIPPED, (0, 0, 0))
    for name in RECORDINGS:
        lines = market_files.read_lines(market_files.folder() / name)
        told = []
        for edge in SHIPPED:
            played = play(edge, lines, rust=True)
            told.append(cell(played))
            orders, filled, net_e4 = sums[edge]
            sums[edge] = orders + played.orders, filled + played.filled, net_e4 + played.net_e4
        yield f"| `{name}` | {' | '.join(told)} |"
    totals = (f"{orders} / {filled} / {net / 10_000:+.2f}" for orders, filled, net in sums.values())
    yield f"| all | {' | '.join(totals)} |"


def main() -> None:
    lines = []
    for line in table():
        print(line, flush=True)
        lines.append(line)
    if "--write" in sys.argv[1:]:
        text = PAGE.read_text()
        head, tail = text[: text.index(BEGIN)], text[text.index(END) :]
        PAGE.write_text("\n".join((head + BEGIN, *lines, tail)))
        print(f"written into {PAGE.name}")


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


if __name__ == "__main__":
    main()
