"""Charts of how good the estimates were, and of how long everything took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trader.report.charts import EDGE_COLOURS, Chart, Figure, Table, figure
from trader.report.data import ReportData
from trader.report.estimates import (
    DECISION,
    FEW,
    INTENT_ACK,
    Latency,
    Reliability,
    latencies,
    reliability,
    waits,
)
from trader.report.words import counted, percent


def promises(data: ReportData) -> Chart:
    found = [one for one in reliability(data) if one.bins]
    brier, ece = data.in_summary("p_fill", "brier"), data.in_summary("p_fill", "ece")
    title = "Were fills as likely as promised?"
    if found:
        title = _verdict(found[0])
    own = bool(found) and found[0].is_of_own_orders
    says = "On the diagonal an estimate is right; above it fills came oftener than promised. "
    says += "The larger a point, the more orders it stands for."
    if own:
        says += (
            f" Of this run's own orders; {counted(found[0].unknown, 'order')} taken away sooner "
            "count for as long as they rested (Kaplan and Meier's estimate)."
        )
    elif data.is_of_several_starts:
        says += " Of the orders of the last start."
    known = (("Brier", brier), ("ECE", ece))
    scores = [f"{name} {score:.4f}" for name, score in known if score is not None]
    if scores:
        says += f" {', '.join(scores)}."
    return Chart(
        "promises",
        title,
        says,
        _promises(found) if found else None,
        "No order with an estimate rested long enough for its outcome to be known."
        if data.outcomes
        else "No order was sent, so nothing was promised.",
        Table(
            ("promised", "filled", "orders", "within"),
            [
                (percent(b.p_mean), percent(b.rate), f"{b.n:,}", _seconds(one.horizon_ms))
                for one in found
                for b in one.bins
            ],
        ),
        height=420,
    )


def _verdict(found: Reliability) -> str:
    n = found.n
    promised = sum(b.p_mean * b.n for b in found.bins) / n
    filled = sum(b.rate * b.n for b in found.bins) / n
    within = _seconds(found.horizon_ms)
    return (
        f"Fills within {within}: {percent(promised)} promised on average, {percent(filled)} came "
        f"({counted(n, 'order')})"
    )


def _promises(found: Sequence[Reliability]) -> Figure:
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, 1],
            "y": [0, 1],
            "name": "as promised",
            "line": {"dash": "dot", "width": 1, "color": "var(--muted)"},
            "hoverinfo": "skip",
        }
    ]
    largest = max(b.n for one in found for b in one.bins)
    for place, one in enumerate(found):
        colour = f"var(--series-{place % EDGE_COLOURS + 1})"
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": f"within {_seconds(one.horizon_ms)}",
                "x": [b.p_mean for b in one.bins],
                "y": [b.rate for b in one.bins],
                "customdata": [b.n for b in one.bins],
                "line": {"width": 1.5, "color": colour},
                "marker": {
                    "color": colour,
                    "size": [round(8 + 22 * (b.n / largest) ** 0.5, 1) for b in one.bins],
                    "opacity": [0.35 if b.n < FEW else 0.9 for b in one.bins],
                },
                "hovertemplate": "promised %{x:.0%}, filled %{y:.0%}<br>%{customdata:,} orders"
                "<extra></extra>",
            }
        )
    axis = {"range": [-0.03, 1.03], "tickformat": ".0%", "dtick": 0.2}
    return figure(
        traces,
        "promised probability of a fill",
        "share that was filled",
        xaxis=axis,
        yaxis=dict(axis),
    )


def waiting(data: ReportData) -> Chart:
    promised, taken = waits(data)
    powers = sorted({*promised, *taken})
    names = [_seconds(1000 << power) for power in powers]
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": names,
            "y": [counts.get(power, 0) for power in powers],
            "marker": {"color": colour},
            "hovertemplate": "%{x}: %{y:,} orders<extra>" + name + "</extra>",
        }
        for name, counts, colour in (
            ("promised to all orders", promised, "var(--series-1)"),
            ("taken by those filled", taken, "var(--series-2)"),
        )
    ]
    title = "Time to fill"
    if powers:
        filled = sum(taken.values())
        title = (
            f"Time to fill: {filled:,} of {counted(sum(promised.values()), 'order')} were filled"
        )
    return Chart(
        "waiting",
        title,
        "How long orders were told they would wait (ttf, as they were sent), and how long those "
        "that were filled waited for their first match.",
        figure(
            traces,
            "time to the fill, up to",
            "orders",
            barmode="group",
            xaxis={"type": "category"},
            yaxis={"rangemode": "tozero"},
        )
        if powers
        else None,
        "No order was sent, so there was no fill to wait for.",
        Table(
            ("time", "promised", "taken"),
            [
                (name, f"{promised.get(power, 0):,}", f"{taken.get(power, 0):,}")
                for power, name in zip(powers, names, strict=True)
            ],
        ),
        height=420,
    )


def _seconds(ms: int) -> str:
    seconds = ms / 1000
    if seconds < 120:
        return f"{seconds:g} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def speed(data: ReportData) -> Chart:
    found = latencies(data)
    fractions = ("p50", "p95", "p99", "max")
    traces = [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "y": [one.what for one in found],
            "x": [max(getattr(one, name), 0.001) for one in found],
            "marker": {
                "size": 13,
                "symbol": ("circle", "diamond", "square", "line-ns-open")[place],
                "color": f"var(--series-{place + 1})",
                "line": {"width": 2, "color": f"var(--series-{place + 1})"},
            },
            "hovertemplate": "%{y}<br>%{x:,.1f} µs<extra>" + name + "</extra>",
        }
        for place, name in enumerate(fractions)
    ]
    title = "What took how long"
    if found:
        told = [one for one in found if one.what in (DECISION, INTENT_ACK)] or found[:1]
        title = "; ".join(_half(one) for one in told)
        title = title[0].upper() + title[1:]
    of_run = ""
    if data.is_of_several_starts:
        of_run = " Lines, decisions and estimates are those of the last start."
    return Chart(
        "speed",
        title,
        "Wall time on this machine, on a scale that grows tenfold with each step. Live every line"
        " is timed, in a replay every fifteenth." + of_run,
        figure(
            traces,
            "µs, logarithmic",
            "",
            xaxis={"type": "log", "dtick": 1, "tickformat": ",~g"},
            yaxis={"autorange": "reversed", "type": "category"},
        )
        if found
        else None,
        "Nothing was timed: the run took no line, or has not ended yet.",
        Table(
            ("what", "timed", *(f"{name} µs" for name in fractions)),
            [
                (one.what, f"{one.n:,}", *(f"{getattr(one, name):,.1f}" for name in fractions))
                for one in found
            ],
        ),
        height=130 + 44 * max(1, len(found)),
    )


def _half(one: Latency) -> str:
    return f"{one.what}: half within {one.p50:,.1f} µs, 99 % within {one.p99:,.1f} µs"
