"""The heat-map of a runner's ladder over time, with our orders, queues and fills on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from trader.report.charts import Chart, Figure, Table, figure
from trader.report.data import ReportData
from trader.report.ladder import Grid, OwnOrder, RunnerView, grid, row_name, shown
from trader.report.words import counted

STOPS: Final = (0.0, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Where a colour scale has its steps: sizes differ by factors, not by sums."""
TYPICAL: Final = 0.98
"""So much of all sizes is told apart by colour; the few larger ones all look the same."""
IN_VIEW: Final = 0.8
"""Of the samples, that many are in view at first where they lie close together."""


def ladder(data: ReportData, views: Sequence[RunnerView]) -> Chart:
    choices: dict[str, Figure] = {}
    for view in views:
        fills, orders = counted(len(view.fills), "fill"), counted(len(view.orders), "order")
        choices[f"{_called(data, view)} ({fills}, {orders})"] = _figure(view)
    says = (
        "The stronger a colour the more money: blue can be backed, pink can be laid. Lines are our "
        "orders, triangles our fills (▲ back, ▼ lay); dots on a line grow as the queue ahead of it "
        "gets shorter, and the chart below shows what was ahead. The thin line is the last traded "
        "price. Where it is blank no order of ours rested, and nothing was sampled."
    )
    if not views:
        return Chart("ladder", "Our orders in the ladder", says, None, _EMPTY)
    first = views[0]
    waited = [order.queue for order in first.orders if order.queue]
    title = (
        f"Runner {_called(data, first)}: {counted(len(first.orders), 'order')} rested, "
        f"{counted(len(first.fills), 'fill')}"
    )
    if first.orders_left_out:
        says += f" The first {len(first.orders):,} orders; {first.orders_left_out:,} more came."
    return Chart(
        "ladder",
        title,
        says,
        next(iter(choices.values())),
        "",
        Table(
            ("runner", "orders rested", "fills", "with queue positions", "samples"),
            [
                (
                    _called(data, view),
                    f"{len(view.orders):,}",
                    f"{len(view.fills):,}",
                    f"{sum(1 for order in view.orders if order.queue):,}",
                    f"{len(view.samples):,}",
                )
                for view in views
            ],
        ),
        height=640 if waited else 520,
        choices=choices,
    )


def _called(data: ReportData, view: RunnerView) -> str:
    name = data.name_of(view.runner.selection_id)
    return shown(view.runner) + (f" {name}" if name else "")


_EMPTY: Final = (
    "No ladder was sampled: no order of ours rested, or samples were off (report.enabled) when "
    "this was made."
)


def _figure(view: RunnerView) -> Figure:
    cells = grid(view)
    largest = _largest(cells)
    queue = _queue(view)
    traces = [
        _heat(cells, "back", "can be backed", largest),
        _heat(cells, "lay", "can be laid", largest),
        _last_traded(view, cells),
        *(_orders(view, cells, side) for side in ("BACK", "LAY")),
        *(_places(view, cells, side) for side in ("BACK", "LAY")),
        *(_fills(view, cells, side) for side in ("BACK", "LAY")),
        *queue,
    ]
    every = max(1, len(cells.prices) // 18)
    rows = range(0, len(cells.prices), every)
    return figure(
        traces,
        "time (UTC)",
        "odds",
        xaxis={"type": "date", "range": _in_view(view), "anchor": "y2" if queue else "y"},
        yaxis={
            "domain": [0.3, 1.0] if queue else [0.0, 1.0],
            "type": "category",
            "categoryorder": "array",
            "categoryarray": [row_name(price) for price in cells.prices],
            "tickvals": [row_name(cells.prices[row]) for row in rows],
            "range": [-0.5, len(cells.prices) - 0.5],
            "showgrid": False,
        },
        yaxis2={
            "title": {"text": "ahead of us (stake)"},
            "domain": [0.0, 0.22],
            "rangemode": "tozero",
        },
        hovermode="closest",
    )


def _largest(cells: Grid) -> float:
    sizes = sorted(
        size for side in (cells.back, cells.lay) for row in side for size in row if size is not None
    )
    return sizes[int((len(sizes) - 1) * TYPICAL)] if sizes else 1.0


def _heat(cells: Grid, side: str, name: str, largest: float) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "name": name,
        "x": cells.edges_ms,
        "y": [row_name(price) for price in cells.prices],
        "z": cells.back if side == "back" else cells.lay,
        "zmin": 0,
        "zmax": largest,
        "colorscale": [[stop, f"var(--{side}-{place})"] for place, stop in enumerate(STOPS)],
        "showscale": False,
        "hoverongaps": False,
        "hovertemplate": "%{z:,.2f} " + name + " at %{y}<extra></extra>",
    }


def _last_traded(view: RunnerView, cells: Grid) -> dict[str, Any]:
    traded = [sample for sample in view.samples if sample.last_traded_centi is not None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "last traded",
        "x": [sample.ts_ms for sample in traded],
        "y": [cells.name_of(sample.last_traded_centi) for sample in traded],
        "line": {"shape": "hv", "width": 1.2, "color": "var(--ink)"},
        "opacity": 0.55,
        "hoverinfo": "skip",
    }


def _orders(view: RunnerView, cells: Grid, side: str) -> dict[str, Any]:
    x: list[int | None] = []
    y: list[str | None] = []
    text: list[str | None] = []
    for order in view.orders:
        if order.side == side:
            row = cells.name_of(order.price_centi)
            x += [order.from_ms, order.to_ms, None]
            y += [row, row, None]
            text += [_told(order)] * 2 + [None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"our {side.lower()} orders",
        "x": x,
        "y": y,
        "text": text,
        "line": {"width": 3, "color": f"var(--our-{side.lower()})"},
        "hovertemplate": "%{text}<extra></extra>",
    }


def _told(order: OwnOrder) -> str:
    ahead = ""
    if order.queue:
        first, last = order.queue[0].ahead_centi / 100, order.queue[-1].ahead_centi / 100
        ahead = f"<br>ahead {first:,.2f} → {last:,.2f}"
    lasted = (order.to_ms - order.from_ms) / 1000
    return (
        f"{order.side} {order.size_centi / 100:,.2f} @ {order.price_centi / 100:g}, {order.edge}"
        f"{ahead}<br>{order.ended.lower()} after {lasted:,.1f} s"
    )


def _places(view: RunnerView, cells: Grid, side: str) -> dict[str, Any]:
    """A dot for every queue position: the nearer to the front, the larger."""
    dots = [
        (sample.ts_ms, cells.name_of(order.price_centi), sample.ahead_centi, order.queue[0])
        for order in view.orders
        if order.side == side
        for sample in order.queue
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"queue position ({side.lower()})",
        "x": [dot[0] for dot in dots],
        "y": [dot[1] for dot in dots],
        "customdata": [dot[2] / 100 for dot in dots],
        "marker": {
            "size": [
                round(4 + 6 * (1 - min(1.0, ahead / max(first.ahead_centi, 1))), 1)
                for _, _, ahead, first in dots
            ],
            "color": f"var(--our-{side.lower()})",
            "line": {"width": 1, "color": "var(--surface)"},
        },
        "hovertemplate": "%{customdata:,.2f} ahead of us<extra></extra>",
        "showlegend": False,
    }


def _fills(view: RunnerView, cells: Grid, side: str) -> dict[str, Any]:
    fills = [fill for fill in view.fills if fill.side == side]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": f"{side.lower()} fills",
        "x": [fill.ts_ms for fill in fills],
        "y": [cells.name_of(fill.price_centi) for fill in fills],
        "text": [
            f"{side} {fill.size_centi / 100:,.2f} @ {fill.price_centi / 100:g}, {fill.edge}"
            for fill in fills
        ],
        "marker": {
            "symbol": "triangle-up" if side == "BACK" else "triangle-down",
            "size": 10,
            "color": f"var(--our-{side.lower()})",
            "line": {"width": 1, "color": "var(--ink)"},
        },
        "hovertemplate": "filled %{text}<extra></extra>",
    }


def _queue(view: RunnerView) -> list[dict[str, Any]]:
    traces = []
    for side in ("BACK", "LAY"):
        x: list[int | None] = []
        y: list[float | None] = []
        for order in view.orders:
            if order.side == side and order.queue:
                x += [*(sample.ts_ms for sample in order.queue), order.to_ms, None]
                ahead = [sample.ahead_centi / 100 for sample in order.queue]
                y += [*ahead, ahead[-1], None]
        if x:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "name": f"ahead of our {side.lower()}s",
                    "x": x,
                    "y": y,
                    "yaxis": "y2",
                    "line": {"shape": "hv", "width": 1.5, "color": f"var(--our-{side.lower()})"},
                    "hovertemplate": "%{y:,.2f} ahead<extra></extra>",
                    "showlegend": False,
                }
            )
    return traces


def _in_view(view: RunnerView) -> list[int]:
    """What is looked at first: the shortest time with most of the samples, where that is much
    shorter than all of it; the rest is a double click away."""
    times = [sample.ts_ms for sample in view.samples]
    last_ms = max([times[-1], *(order.to_ms for order in view.orders)])
    wanted = max(1, int(len(times) * IN_VIEW))
    starts = range(len(times) - wanted + 1)
    start = min(starts, key=lambda i: times[i + wanted - 1] - times[i])
    low, high = times[start], times[start + wanted - 1]
    if high - low > (times[-1] - times[0]) / 2:
        low, high = times[0], last_ms
    margin = max(1000, (high - low) // 50)
    return [low - margin, high + margin]
