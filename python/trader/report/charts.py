"""What a chart of the page is: a Plotly figure (plain JSON) with its words and its numbers.

Colours are CSS variables (`var(--gain)`); `page.js` puts in what they are in the reader's scheme.
Sizes, fonts and grids that all charts share are put in there, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from trader.report.data import ReportData

Figure: TypeAlias = dict[str, Any]
EDGE_COLOURS: Final = 6


@dataclass(frozen=True, slots=True)
class Table:
    """Numbers behind a chart; the first column names the row."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure with what it says. Without a `figure` the page says why it is `empty`."""

    key: str
    title: str
    says: str
    figure: Figure | None
    empty: str = ""
    table: Table | None = None
    height: int = 320
    choices: Mapping[str, Figure] = field(default_factory=dict)
    """Other figures that can be chosen in its place, by what they are of."""


def figure(traces: list[dict[str, Any]], x: str, y: str, **layout: Any) -> Figure:
    """A figure with its axes named."""
    axes = {
        "xaxis": {"title": {"text": x}, **layout.pop("xaxis", {})},
        "yaxis": {"title": {"text": y}, **layout.pop("yaxis", {})},
    }
    return {"data": traces, "layout": {**axes, **layout}}


def colours(edges: Sequence[str]) -> dict[str, str]:
    """The same colour for an edge in all charts."""
    return {
        edge: f"var(--series-{place % EDGE_COLOURS + 1})"
        for place, edge in enumerate(sorted(set(edges)))
    }


def edges_of(data: ReportData) -> list[str]:
    return sorted({edge for edge, _ in data.intents_by} | {fill.edge for fill in data.fills})
