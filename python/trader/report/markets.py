"""The page's part on many markets: their table, how results are spread, and each one's details."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from trader.report.charts import Chart, Table, figure
from trader.report.data import Market, ReportData
from trader.report.money import Drawdown, Point, by_runner, thinned
from trader.report.words import counted, money

ROWS_MAX: Final = 500
"""Markets in the table; of more those that mattered least are left out."""
DETAILS_MAX: Final = 250
DETAIL_POINTS: Final = 160
DETAIL_RUNNERS: Final = 8
BINS_MAX: Final = 40

Curves = Mapping[Market, tuple[list[Point], Drawdown]]


class Row(NamedTuple):
    """A market in the table. Amounts in e4."""

    market: Market
    name: str
    kind: str
    intents: int
    fills: int
    gross_e4: int
    commission_e4: int
    net_e4: int
    drawdown_e4: int


def rows(data: ReportData, curves: Curves) -> list[Row]:
    """Every market that was quoted, best first; of too many those with the largest results."""
    ids = Counter(market.market_id for market in data.markets)
    found = []
    for market, result in data.markets.items():
        name = market.market_id
        if ids[name] > 1:
            name += f" (input {market.run})"
        drawdown = curves[market][1].depth_e4 if market in curves else 0
        found.append(
            Row(
                market,
                name,
                result.kind if result.fills or result.kind != "running" else "no fills",
                result.intents,
                result.fills,
                result.gross_e4,
                result.commission_e4,
                result.net_e4,
                drawdown,
            )
        )
    found.sort(key=lambda row: (-abs(row.net_e4), -row.fills, -row.intents, row.market))
    return sorted(found[:ROWS_MAX], key=lambda row: (-row.net_e4, -row.fills, row.market))


def spread(data: ReportData) -> Chart:
    """How results are spread over the markets that were filled in."""
    nets = sorted(r.net_e4 for r in data.markets.values() if r.fills)
    won = sum(1 for net in nets if net > 0)
    title = f"{won:,} of {counted(len(nets), 'market')} won"
    if nets:
        title += f"; the middle one made {money(nets[len(nets) // 2], signed=True)}"
    trace = {
        "type": "histogram",
        "x": [net / 10_000 for net in nets],
        "nbinsx": min(BINS_MAX, max(8, len(nets) // 4)),
        "marker": {"color": "var(--series-1)", "line": {"width": 1, "color": "var(--surface)"}},
        "hovertemplate": "%{x}: %{y:,} markets<extra></extra>",
        "showlegend": False,
    }
    zero = {
        "type": "line",
        "x0": 0,
        "x1": 0,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": "var(--ink)", "width": 1, "dash": "dot"},
    }
    return Chart(
        "spread",
        title,
        "Markets by what they came to after commission; left of the dotted line they lost.",
        figure(
            [trace],
            "net of a market (account currency)",
            "markets",
            xaxis={"tickformat": "+,.2~f"},
            shapes=[zero],
            bargap=0.02,
        )
        if nets
        else None,
        "No market was filled in.",
        Table(
            ("", "net"),
            [
                (word, money(nets[min(len(nets) - 1, int(len(nets) * part))], signed=True))
                for word, part in (
                    ("worst", 0.0),
                    ("worst tenth", 0.1),
                    ("middle", 0.5),
                    ("best tenth", 0.9),
                    ("best", 1.0),
                )
            ],
        )
        if nets
        else None,
    )


def details(data: ReportData, curves: Curves, table: list[Row]) -> dict[str, Any]:
    """What the page shows of a chosen market, by the name it has in the table: `facts` (pairs of
    words), `runners` (rows), and the curve as `x` (ms) and `y` (currency, after commission)."""
    result: dict[str, Any] = {}
    by_market: dict[Market, list[tuple[str, ...]]] = {}
    for one in by_runner(data):
        by_market.setdefault(one.runner.market, []).append(
            (
                str(one.runner.selection_id),
                one.status.lower(),
                money(one.gross_e4, signed=True),
                f"{one.fills:,}",
                f"{one.backed_centi / 100:,.2f}",
                f"{one.laid_centi / 100:,.2f}",
            )
        )
    sources = {run.run: run.source for run in data.runs}
    shown = sorted(table, key=lambda row: (-abs(row.net_e4), -row.fills, row.market))[:DETAILS_MAX]
    for row in sorted(shown, key=table.index):
        points = thinned(curves[row.market][0], DETAIL_POINTS) if row.market in curves else []
        facts = [
            ("net", money(row.net_e4, signed=True)),
            ("gross", money(row.gross_e4, signed=True)),
            ("commission", money(row.commission_e4)),
            ("max drawdown", money(-row.drawdown_e4)),
            ("fills", f"{row.fills:,}"),
            ("intents", f"{row.intents:,}"),
            ("ended", row.kind),
        ]
        if row.market.run in sources:
            facts.append(("input", sources[row.market.run].rpartition("/")[2]))
        note = data.markets[row.market].note
        result[row.name] = {
            "facts": [*facts, ("note", note)] if note else facts,
            "runners": by_market.get(row.market, [])[:DETAIL_RUNNERS],
            "x": [point.ts_ms for point in points],
            "y": [point.net_e4 / 10_000 for point in points],
        }
    return result
