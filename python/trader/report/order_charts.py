"""Charts of what was sent: intents a minute, moves, and edges in each other's way."""

from __future__ import annotations

from collections import defaultdict

from trader.report.charts import EDGE_COLOURS, Chart, Table, colours, edges_of, figure
from trader.report.data import ReportData
from trader.report.words import counted


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
    rates: dict[str, float | None] = {}  # a live trader's summary has those of its last start alone
    if not data.is_live:
        rates = data.in_summary("intents_per_minute_by_edge") or {}
    title = f"{counted(total, 'intent')}"
    if rates:
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
        title += (
            f"{counted(count['REPLACE'], 'move')} for {counted(count['PLACE'], 'order')} placed"
        )
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
            xaxis={"tickformat": ","},
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
