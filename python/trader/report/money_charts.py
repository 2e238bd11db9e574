"""Charts of what was earned: over time, by edge, by runner, and what of it went to the venue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from trader.report.charts import Chart, Figure, Table, figure
from trader.report.data import ReportData
from trader.report.money import Drawdown, Point, by_edge, by_runner, thinned, totals
from trader.report.words import clock, counted, money, percent

POINTS_MAX: Final = 1600
RUNNERS_MAX: Final = 16


def profit(data: ReportData, points: Sequence[Point], drawdown: Drawdown) -> Chart:
    total = totals(data)
    title = f"Net {money(total.net_e4, signed=True)}"
    if drawdown.peak_ms is not None and drawdown.trough_ms is not None:
        title += (
            f", at worst {money(drawdown.depth_e4)} below its peak "
            f"({clock(drawdown.peak_ms)} to {clock(drawdown.trough_ms)})"
        )
    return Chart(
        "profit",
        title,
        "All positions valued at the prices of the moment (settled ones at their results), after "
        "commission; the dotted line is before it. Below: how far under the highest point so far. "
        "Both as they were sampled; between two samples they may have been further out.",
        _profit(thinned(points, POINTS_MAX)) if len(points) > 1 else None,
        "Nothing was matched, so there was never anything to win or lose.",
        Table(
            ("", "amount"),
            (
                ("gross", money(total.gross_e4, signed=True)),
                ("commission", money(-total.commission_e4)),
                ("net", money(total.net_e4, signed=True)),
                ("max drawdown", money(-drawdown.depth_e4)),
            ),
        ),
        height=460,
    )


def _profit(points: Sequence[Point]) -> Figure:
    x = [point.ts_ms for point in points]
    step = {"shape": "hv", "width": 2}
    is_gain = points[-1].net_e4 >= 0
    net = {
        "type": "scatter",
        "mode": "lines",
        "name": "net",
        "x": x,
        "y": [point.net_e4 / 10_000 for point in points],
        "line": {**step, "color": "var(--gain)" if is_gain else "var(--loss)"},
        "fill": "tozeroy",
        "fillcolor": "var(--gain-wash)" if is_gain else "var(--loss-wash)",
        "hovertemplate": "%{y:+,.2f}<extra>net</extra>",
    }
    gross = {
        "type": "scatter",
        "mode": "lines",
        "name": "gross",
        "x": x,
        "y": [point.gross_e4 / 10_000 for point in points],
        "line": {"shape": "hv", "width": 1, "dash": "dot", "color": "var(--muted)"},
        "hovertemplate": "%{y:+,.2f}<extra>gross</extra>",
    }
    below = {
        "type": "scatter",
        "mode": "lines",
        "name": "drawdown",
        "x": x,
        "y": [-point.drawdown_e4 / 10_000 for point in points],
        "yaxis": "y2",
        "line": {"shape": "hv", "width": 1, "color": "var(--loss)"},
        "fill": "tozeroy",
        "fillcolor": "var(--loss-wash)",
        "hovertemplate": "%{y:,.2f}<extra>drawdown</extra>",
        "showlegend": False,
    }
    return figure(
        [net, gross, below],
        "time (UTC)",
        "P&L (account currency)",
        xaxis={"type": "date", "anchor": "y2", "hoverformat": "%H:%M:%S"},
        yaxis={"domain": [0.34, 1.0], "tickformat": "+,.2~f", "zeroline": True},
        yaxis2={
            "title": {"text": "drawdown"},
            "domain": [0.0, 0.26],
            "tickformat": ",.2~f",
            "rangemode": "tozero",
        },
        hovermode="x unified",
    )


def fees(data: ReportData) -> Chart:
    total = totals(data)
    fees_e4 = total.commission_e4 + total.charges_e4
    share = total.fee_share
    title = "Nothing was paid to the venue"
    if share is not None:
        title = f"{percent(share)} of gross profit went to the venue"
    elif fees_e4:
        title = f"{money(fees_e4)} went to the venue though there was no profit before it"
    says = "From what was won before commission to what was kept."
    if total.charges_e4 and data.is_of_several_starts:
        says += " Transaction charges are those of the last start."
    steps = [
        ("gross", total.gross_e4, "absolute"),
        ("commission", -total.commission_e4, "relative"),
        ("net", total.net_e4, "total"),
    ]
    if total.charges_e4:
        steps += [
            ("transaction charges", -total.charges_e4, "relative"),
            ("net of charges", total.net_e4 - total.charges_e4, "total"),
        ]
    bars = {
        "type": "waterfall",
        "orientation": "h",
        "y": [name for name, _, _ in steps],
        "x": [amount / 10_000 for _, amount, _ in steps],
        "measure": [measure for _, _, measure in steps],
        "text": [money(amount, signed=True) for _, amount, _ in steps],
        "textposition": "outside",
        "cliponaxis": False,
        "increasing": {"marker": {"color": "var(--gain)"}},
        "decreasing": {"marker": {"color": "var(--loss)"}},
        "totals": {"marker": {"color": "var(--gain)" if total.net_e4 >= 0 else "var(--loss)"}},
        "connector": {"line": {"color": "var(--muted)", "width": 1}},
        "hovertemplate": "%{y} %{text}<extra></extra>",
        "showlegend": False,
    }
    return Chart(
        "fees",
        title,
        says,
        figure(
            [bars],
            "account currency",
            "",
            xaxis=_around([amount for _, amount, measure in steps if measure != "relative"]),
            yaxis={"autorange": "reversed"},
        )
        if data.fills
        else None,
        "Nothing was matched, so no commission was due.",
        Table(("", "amount"), [(name, money(amount, signed=True)) for name, amount, _ in steps]),
        height=90 + 46 * len(steps),
    )


def edges(data: ReportData) -> Chart:
    results, rest_e4 = by_edge(data)
    rows = [(one.edge, one.gross_e4, one.fills, one.stake_centi, one.orders) for one in results]
    if rest_e4:
        rows.append(("not told apart", rest_e4, 0, 0, 0))
    shown = [row for row in rows if row[2] or row[1]]
    best = max(results, key=lambda one: one.gross_e4, default=None)
    title = "What each edge earned"
    if best is not None and shown:
        did = "earned" if best.gross_e4 >= 0 else "lost"
        how = "most, " if len(results) > 1 and best.gross_e4 > 0 else ""
        title = f"{best.edge} {did} {how}{money(abs(best.gross_e4))} before commission"
    return Chart(
        "edges",
        title,
        "Every fill valued at how its runner ended, before commission, by the edge that sent it.",
        _bars(
            [row[0] for row in shown],
            [row[1] for row in shown],
            [counted(row[2], "fill") for row in shown],
        )
        if shown
        else None,
        "No order was filled, so no edge earned or lost anything.",
        Table(
            ("edge", "gross", "orders placed", "fills", "staked"),
            [
                (name, money(gross, signed=True), f"{n:,}", f"{fills:,}", f"{stake / 100:,.2f}")
                for name, gross, fills, stake, n in rows
            ],
        ),
        height=110 + 40 * max(1, len(shown)),
    )


def runners(data: ReportData) -> Chart:
    results = by_runner(data)
    shown = sorted(results, key=lambda one: (-abs(one.gross_e4), one.runner))[:RUNNERS_MAX]
    shown.sort(key=lambda one: (-one.gross_e4, one.runner))
    many = len({one.runner.market for one in results}) > 1
    names = [
        f"{one.runner.market.market_id}/" * many
        + (data.name_of(one.runner.selection_id) or f"{one.runner.selection_id}")
        for one in shown
    ]
    losing = [one for one in results if one.gross_e4 < 0]
    title = f"{counted(len(results), 'runner')} traded, {len(losing):,} at a loss"
    if len(results) > len(shown):
        title += f"; the {len(shown)} that mattered most"
    return Chart(
        "runners",
        title,
        "What was matched on a runner, valued at how it ended, before commission. Losses on some "
        "runners of a market stand against wins on others: together they are the market's result.",
        _bars(
            names,
            [one.gross_e4 for one in shown],
            [f"{one.status.lower()}, {counted(one.fills, 'fill')}" for one in shown],
        )
        if shown
        else None,
        "No market with fills has a result by runner yet.",
        Table(
            ("runner", "ended", "gross", "fills", "backed", "laid"),
            [
                (
                    name,
                    one.status.lower(),
                    money(one.gross_e4, signed=True),
                    f"{one.fills:,}",
                    f"{one.backed_centi / 100:,.2f}",
                    f"{one.laid_centi / 100:,.2f}",
                )
                for name, one in zip(names, shown, strict=True)
            ],
        ),
        height=110 + 28 * max(1, len(shown)),
    )


def _bars(names: Sequence[str], amounts_e4: Sequence[int], more: Sequence[str]) -> Figure:
    """Signed amounts as horizontal bars, the first one on top."""
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": [f"{name} " for name in names],  # a space keeps a number from being an axis of numbers
        "x": [amount / 10_000 for amount in amounts_e4],
        "text": [money(amount, signed=True) for amount in amounts_e4],
        "customdata": list(more),
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": ["var(--gain)" if a >= 0 else "var(--loss)" for a in amounts_e4]},
        "hovertemplate": "%{y}%{text}<br>%{customdata}<extra></extra>",
        "showlegend": False,
    }
    return figure(
        [trace],
        "account currency, before commission",
        "",
        xaxis=_around(amounts_e4),
        yaxis={"autorange": "reversed", "type": "category"},
    )


def _around(amounts_e4: Sequence[int]) -> dict[str, Any]:
    """An axis with room for what is written beside the bars."""
    low, high = min(0, *amounts_e4) / 10_000, max(0, *amounts_e4) / 10_000
    room = (high - low or 1.0) * 0.16
    ends = [low - room if low < 0 else 0.0, high + room if high > 0 or low == 0 else 0.0]
    return {"zeroline": True, "tickformat": "+,.2~f", "range": ends}
