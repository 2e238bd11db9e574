"""The charts of a page as Plotly figures (plain JSON), each with its words and its numbers.

Colours are CSS variables (`var(--gain)`); `page.js` puts in what they are in the reader's scheme.
Sizes, fonts and grids that all charts share are put in there, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from trader.report.data import ReportData
from trader.report.estimates import FEW, Latency, Reliability, latencies, reliability, waits
from trader.report.money import Drawdown, Point, by_edge, by_runner, thinned, totals
from trader.report.words import clock, counted, money, percent

Figure: TypeAlias = dict[str, Any]
POINTS_MAX: Final = 1600
RUNNERS_MAX: Final = 16
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


# --- money ----------------------------------------------------------------------------------------


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
        "commission; the dotted line is before it. Below: how far under the highest point so far.",
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
        "From what was won before commission to what was kept.",
        figure(
            [bars],
            "account currency",
            "",
            xaxis=_around([amount for _, amount, _ in steps]),
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
        "No edge was filled.",
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
        f"{one.runner.market.market_id}/" * many + f"{one.runner.selection_id}" for one in shown
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


# --- orders ---------------------------------------------------------------------------------------


def intents(data: ReportData) -> Chart:
    minutes = data.bar_ms // 60_000
    by_edge_bars: dict[str, dict[int, int]] = defaultdict(dict)
    for (start_ms, edge), count in data.bars.items():
        by_edge_bars[edge][start_ms] = count
    colour = colours(edges_of(data))
    traces = [
        {
            "type": "bar",
            "name": edge,
            "x": [start + data.bar_ms // 2 for start in sorted(bars)],
            "y": [bars[start] / minutes for start in sorted(bars)],
            "width": data.bar_ms * 0.92,
            "marker": {"color": colour[edge], "line": {"width": 0}},
            "hovertemplate": "%{y:,.1f} a minute<extra>" + edge + "</extra>",
        }
        for edge, bars in sorted(by_edge_bars.items())
    ]
    total = sum(data.intents_by.values())
    rates = data.in_summary("intents_per_minute_by_edge") or {}
    title = f"{counted(total, 'intent')}"
    if rates and not data.is_live:
        said = [f"{edge} {rate:,.1f}" for edge, rate in sorted(rates.items()) if rate is not None]
        title += f"; a minute on average: {', '.join(said)}" if said else ""
    return Chart(
        "intents",
        title,
        "Orders placed, moved and cancelled a minute, by edge"
        + (f"; a bar is the mean of {minutes} minutes." if minutes > 1 else "."),
        figure(
            traces,
            "time (UTC)",
            "intents a minute",
            barmode="stack",
            xaxis={"type": "date"},
            yaxis={"rangemode": "tozero"},
            hovermode="x unified",
        )
        if traces
        else None,
        "No edge sent an intent.",
        Table(
            ("edge", "intents", "a minute"),
            [
                (edge, f"{sum(bars.values()):,}", f"{rates[edge]:,.1f}" if rates.get(edge) else "")
                for edge, bars in sorted(by_edge_bars.items())
            ],
        ),
    )


def moves(data: ReportData) -> Chart:
    names = edges_of(data)
    actions = ("PLACE", "REPLACE", "CANCEL")
    count = {action: sum(data.intents_by[e, action] for e in names) for action in actions}
    title = "Replace:place: no order was placed"
    if count["PLACE"]:
        ratio = count["REPLACE"] / count["PLACE"]
        title = f"Replace:place {ratio:.2f}: "
        title += f"{counted(count['REPLACE'], 'move')} for {counted(count['PLACE'], 'order')} placed"
    tones = ("var(--series-1)", "var(--series-2)", "var(--muted)")
    traces = [
        {
            "type": "bar",
            "name": action.lower(),
            "y": [f"{name} " for name in names],
            "x": [data.intents_by[name, action] for name in names],
            "text": [f"{data.intents_by[name, action]:,}" for name in names],
            "textposition": "auto",
            "orientation": "h",
            "marker": {"color": tones[place]},
            "hovertemplate": "%{y}%{x:,}<extra>" + action.lower() + "</extra>",
        }
        for place, action in enumerate(actions)
    ]
    return Chart(
        "moves",
        title,
        "Intents by what they ask for. Every move and every cancellation gives a place in a queue "
        "away.",
        figure(
            traces,
            "intents",
            "",
            barmode="group",
            yaxis={"autorange": "reversed", "type": "category"},
        )
        if names
        else None,
        "No edge sent an intent.",
        Table(
            ("edge", *(a.lower() for a in actions), "replace:place"),
            [
                (
                    name,
                    *(f"{data.intents_by[name, a]:,}" for a in actions),
                    _ratio(data.intents_by[name, "REPLACE"], data.intents_by[name, "PLACE"]),
                )
                for name in names
            ],
        ),
        height=130 + 70 * max(1, len(names)),
    )


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "none placed"


def cannibalisation(data: ReportData) -> Chart:
    meaning = {
        "refused": "kept waiting by",
        "taken_over": "took the place of",
        "self_match": "would have met",
        "overtaken": "was filled before",
    }
    total = sum(data.cannibalised.values())
    pairs = sorted({(edge, other) for _, edge, other in data.cannibalised})
    kinds = sorted({kind for kind, _, _ in data.cannibalised})
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": f"{meaning.get(kind, kind)} ({kind})",
            "y": [f"{edge} → {other} " for edge, other in pairs],
            "x": [data.cannibalised[kind, edge, other] for edge, other in pairs],
            "marker": {"color": f"var(--series-{place % EDGE_COLOURS + 1})"},
            "hovertemplate": "%{y}%{x:,}<extra>" + kind + "</extra>",
        }
        for place, kind in enumerate(kinds)
    ]
    names = edges_of(data)
    empty = "No edge was in another one's way."
    if len(names) == 1:
        empty = f"One edge traded ({names[0]}): there was no other one to be in the way of."
    elif not names:
        empty = "No edge sent an intent."
    return Chart(
        "cannibalisation",
        f"Edges were in each other's way {total:,} times" if total else "No cannibalisation",
        "Where two edges wanted one side of one runner: who had to give way to whom.",
        figure(
            traces,
            "events",
            "",
            barmode="stack",
            yaxis={"autorange": "reversed", "type": "category"},
        )
        if total
        else None,
        empty,
        Table(
            ("edge", "", "other", "events"),
            [
                (edge, meaning.get(kind, kind), other, f"{count:,}")
                for (kind, edge, other), count in sorted(data.cannibalised.items())
            ],
        )
        if total
        else None,
        height=120 + 44 * max(1, len(pairs)),
    )


# --- estimates ------------------------------------------------------------------------------------


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
    scores = [f"Brier {brier:.4f}" if brier is not None else "", f"ECE {ece:.4f}" if ece else ""]
    if any(scores):
        says += f" {', '.join(score for score in scores if score)}."
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
        title = f"Time to fill: {filled:,} of {counted(sum(promised.values()), 'order')} were filled"
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


# --- time it took ---------------------------------------------------------------------------------


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
        title = "; ".join(_half(one) for one in found if "intent" in one.what and "(" not in one.what)
        title = title or _half(found[0])
        title = title[0].upper() + title[1:]
    of_run = "" if not data.is_live else " The first three are of the last run that has ended."
    return Chart(
        "speed",
        title,
        "Wall time on this machine, on a scale that grows tenfold with each step." + of_run,
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
            ("what", "count", *(f"{name} µs" for name in fractions)),
            [
                (one.what, f"{one.count:,}", *(f"{getattr(one, name):,.1f}" for name in fractions))
                for one in found
            ],
        ),
        height=130 + 44 * max(1, len(found)),
    )


def _half(one: Latency) -> str:
    return f"{one.what}: half within {one.p50:,.1f} µs, 99 % within {one.p99:,.1f} µs"
